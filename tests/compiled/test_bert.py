"""Pointer doubling compiled into a stock BERT: right everywhere, saved, verified; what is not BERT's is refused."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import logdepth
from logdepth.cli.main import main
from logdepth.compiler.compile import compile_program
from logdepth.errors import FolderError, InputError, ProgramError
from logdepth.lang import interpret
from logdepth.programs import khop_rank, pointer_doubling
from logdepth.train.subject import compiled_model_config
from tests.bert import logits
from tests.compiled.test_named_target import change
from tests.gpt2 import margin


def chased(string: list[int], size: int, k: int) -> list[int]:
    """f^k(v) step by step; `size` is "nothing"."""
    ends = []
    for vertex in range(len(string)):
        for _ in range(k):
            vertex = string[vertex] if vertex < len(string) else size
            if vertex == size:
                break
        ends.append(vertex)
    return ends


@pytest.mark.parametrize(("length", "size", "k"), [(4, 4, 3), (4, 3, 2), (3, 5, 4)])
def test_every_string_of_a_small_domain(length: int, size: int, k: int) -> None:
    """Also fewer symbols than positions, and symbols that name no token."""
    found = compile_program(pointer_doubling, length=length, alphabet_size=size, k=k, target="bert")
    for n in range(1, length + 1):
        strings = np.array(list(itertools.product(range(size), repeat=n)))
        truth = np.array([chased(string, size, k) for string in strings.tolist()])
        words = interpret(found.graph, strings)
        assert isinstance(words, np.ndarray) and (words[:, 1:] == truth).all()
        tokens, want = found.graph.vocabulary.encode(strings), found.graph.vocabulary.answer_ids(words)
        assert (found.transformer.run(tokens, "hard") == want).all()
        for attention in ("eager", "sdpa"):
            assert margin(logits(found, tokens, attention), want) >= found.certificate.margin > 5.99


@pytest.mark.parametrize(("k", "depth"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (255, 8), (256, 8)])
def test_depth(k: int, depth: int) -> None:
    """Binary digits of k, one fewer for a power of two (a model has one layer at least)."""
    found = compile_program(pointer_doubling, length=9, alphabet_size=9, k=k, target="bert")
    assert found.schedule.depth == depth == max(1, (k - 1).bit_length())


@pytest.mark.parametrize(("dtype", "k"), [("float32", 511), ("float64", 511), ("float32", 512)])
def test_one_long_cycle(dtype: str, k: int) -> None:
    n = 512
    found = compile_program(pointer_doubling, length=n, alphabet_size=n, k=k, dtype=dtype, target="bert")
    assert found.schedule.depth == 9
    order = np.random.default_rng(0).permutation(n)
    strings = np.zeros((1, n), int)
    strings[0, order] = np.roll(order, -1)
    ends = np.argsort(strings, 1) if k < n else np.arange(n)[None]  # n - 1 steps forward are one back
    words = np.concatenate([[[n]], ends], 1)
    tokens, want = found.graph.vocabulary.encode(strings), found.graph.vocabulary.answer_ids(words)
    assert margin(logits(found, tokens, "sdpa"), want) >= found.certificate.margin > 5.999


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "m"
    command = ["compile", "pointer_doubling", "--k", "9", "--length", "12", "--symbols", "abcdefghijkl"]
    assert main([*command, "--target", "bert", "--out", str(folder)]) == 0
    (tmp_path / "in.txt").write_text("bcdefghijkla\nbcdefghijk\nba\n")
    capsys.readouterr()
    assert main(["predict", str(folder), "--input", str(tmp_path / "in.txt")]) == 0
    assert capsys.readouterr().out.split("\n")[:3] == ["jklabcdefghi", "jk________", "ba"]
    assert main(["verify", str(folder), "--samples", "60", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] and report["positions"] < 60 * 13  # of several lengths
    assert [way for way in report["checks"] if "cache" in way] == []
    assert main(command) == 0  # the program's own target
    capsys.readouterr()
    assert main([*command, "--target", "gpt2"]) == 2
    refusal = (
        "program pointer_doubling is bidirectional (causal=False); GPT-2 is causal, so it cannot be compiled to it"
    )
    assert f"{refusal}; give --target bert" in capsys.readouterr().err
    assert main(["compile", "khop", "--k", "2", "--length", "9", "--target", "bert"]) == 2
    assert "khop_rank is causal" in (error := capsys.readouterr().err) and "give --target gpt2" in error


def test_the_folder_is_stock_and_says_what_it_is(tmp_path: Path) -> None:
    folder = logdepth.compile(pointer_doubling, length=9, alphabet=9, k=4, target="bert").save(tmp_path / "m")
    card = (folder / "README.md").read_text()
    assert "A stock BERT" in card and "AutoModelForTokenClassification" in card and "generate" not in card
    config = json.loads((folder / "config.json").read_text())
    assert config["architectures"] == ["BertForTokenClassification"] and "auto_map" not in config
    with pytest.raises(InputError, match="is a BERT; only GPT-2s can be trained or analysed"):
        compiled_model_config(logdepth.load(folder))
    change(folder, target="gpt2")
    with pytest.raises(FolderError, match="pointer_doubling is bidirectional"):
        logdepth.load(folder)


def test_a_changed_folder_is_named(tmp_path: Path) -> None:
    folder = logdepth.compile(pointer_doubling, length=9, alphabet=9, k=4, target="bert").save(tmp_path / "m")
    intact = {name: (folder / name).read_bytes() for name in ("config.json", "model.safetensors")}
    (folder / "config.json").write_bytes(intact["config.json"].replace(b'"relu6"', b'"relu"'))
    report = logdepth.verify(folder)
    assert not report.ok and report.positions == 0  # stock code does not even load it
    assert any("hidden_act" in difference for difference in report.differences)
    shallower = intact["config.json"].replace(b'"num_hidden_layers": 2', b'"num_hidden_layers": 1')
    (folder / "config.json").write_bytes(shallower)
    with pytest.raises(FolderError, match="num_hidden_layers is 1, should be 2"):
        logdepth.verify(folder)
    (folder / "config.json").write_bytes(intact["config.json"])
    tensors = load_file(folder / "model.safetensors")
    tensors["bert.encoder.layer.1.attention.self.query.weight"][0] *= -1
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    report = logdepth.verify(folder, samples=8)
    assert not report.ok and report.wrong > 0
    assert any("layer.1.attention.self.query.weight" in difference for difference in report.differences)


def test_what_bert_cannot_hold() -> None:
    with pytest.raises(ProgramError, match=r"khop_rank is causal; .*; give --target gpt2"):
        compile_program(khop_rank, length=9, alphabet_size=3, k=2, target="bert")
    with pytest.raises(InputError, match="dtype is bfloat16; the bert target is proved in float32 and float64"):
        compile_program(pointer_doubling, length=9, alphabet_size=9, k=2, dtype="bfloat16", target="bert")
