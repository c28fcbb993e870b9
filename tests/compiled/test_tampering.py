"""A folder that was changed: every change is named, none ends in a traceback, and no code out of it runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import logdepth
from logdepth.cli.main import main
from logdepth.compiled.contents import FILES
from logdepth.compiled.folder import read_folder
from logdepth.compiled.hub import load_model
from logdepth.compiled.recompile import differences
from logdepth.errors import FolderError
from logdepth.lang import Position, Symbol, at, program
from logdepth.programs import khop_doubling_any, khop_rank
from tests.compiled.mutations import mutations, reseal


@program
def behind(x: Symbol, position: Position, by: int):
    return at(position - by).read(x)


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("models")
    return {
        "rank": logdepth.compile(khop_rank, length=9, alphabet="ACG", k=3).save(home / "rank"),
        "any": logdepth.compile(khop_doubling_any, length=9, alphabet="ACG", max_k=3, header_size=4).save(home / "any"),
        "own": logdepth.compile(behind, length=9, alphabet="ACG", by=2).save(home / "own"),
    }


@pytest.fixture
def folder(saved: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved["rank"], tmp_path / "copy"))


def edit(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    content = json.loads((folder / name).read_text())
    change(content)
    (folder / name).write_text(json.dumps(content, indent=1) + "\n")


def listed(folder: Path) -> str:
    return "\n".join(differences(read_folder(folder, changed=True)))


def swap_symbols(description: dict[str, Any]) -> None:
    symbols = description["domain"]["symbols"]
    symbols[0], symbols[1] = symbols[1], symbols[0]


def swap_tokens(tokenizer: dict[str, Any]) -> None:
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary["A"], vocabulary["C"] = vocabulary["C"], vocabulary["A"]


CHANGES = [
    ("tokenizer.json", swap_tokens, "tokenizer.json: model.vocab.A is 1, should be 0"),
    ("tokenizer_config.json", lambda c: c.update(padding_side="left"), 'padding_side is "left", should be "right"'),
    ("special_tokens_map.json", lambda c: c.update(pad_token="A"), 'pad_token is "A", should be "<start>"'),
    ("generation_config.json", lambda c: c.update(eos_token_id=0), "eos_token_id is 0, should be 3"),
    ("config.json", lambda c: c.update(scale_attn_weights=False), "scale_attn_weights is false, should be true"),
    ("config.json", lambda c: c.pop("use_cache"), "config.json: use_cache is missing, should be true"),
    ("config.json", lambda c: c.update(quantization_config={}), "quantization_config is {}, should not be there"),
    ("logdepth.json", swap_symbols, "tokenizer.json: model.vocab.A is 0, should be 1"),
    ("logdepth.json", lambda d: d["program"].update(name="khop_best"), "program.name is 'khop_best', should be"),
    ("logdepth.json", lambda d: d["program"]["parameters"].update(k=4), "graph is not that of khop_rank (k = 4)"),
    ("logdepth.json", lambda d: d["program"]["parameters"].update(k=-1), "logdepth.json: "),
    ("logdepth.json", lambda d: d["program"]["parameters"].update(length=3), "program.parameters: "),
    ("logdepth.json", lambda d: d["certificate"].update(holds=False), "certificate.holds is false, should be true"),
    ("logdepth.json", lambda d: d["certificate"].update(margin=1.0), "certificate.margin is 1.0, should be 1.99"),
    ("logdepth.json", lambda d: d["domain"].update(length=10**6), "domain.length is 1000000, should be 9"),
    ("logdepth.json", lambda d: d["ids"].update(nothing=0), "ids.nothing is 0, should be 3"),
    ("logdepth.json", lambda d: d["graph"]["nodes"][0].update(name="y"), "layout."),
]


@pytest.mark.parametrize(("file", "change", "message"), CHANGES, ids=[message for *_, message in CHANGES])
@pytest.mark.parametrize("hidden", [False, True], ids=["", "with new checksums"])
def test_a_changed_field_is_named(folder: Path, file: str, change: Any, message: str, hidden: bool) -> None:
    edit(folder, file, change)
    if hidden:
        reseal(folder)
    assert message in listed(folder)


def test_what_the_graph_cannot_tell_is_bound_by_a_checksum(saved: dict[str, Path], tmp_path: Path) -> None:
    for number, (change, message) in enumerate(
        [
            (lambda d: d["program"]["parameters"].update(by=3), "logdepth.json: program was changed"),
            (lambda d: d["program"].update(built_in=True), "there is no built-in program 'behind'"),
            (lambda d: d.update(logdepth="9.9.9"), "logdepth.json: logdepth was changed"),
            (lambda d: d["graph"]["nodes"][-1].update(origin=["x.py", 3]), "logdepth.json: graph was changed"),
            (lambda d: d["checksums"].update(depth="0"), "logdepth.json: depth was changed"),
            (lambda d: d["checksums"].pop("README.md"), "logdepth.json: checksums.README.md is not the file's"),
        ]
    ):
        folder = Path(shutil.copytree(saved["own"], tmp_path / str(number)))
        edit(folder, "logdepth.json", change)
        assert message in listed(folder)


def test_a_changed_card_and_changed_bytes_are_named(folder: Path) -> None:
    card = folder / "README.md"
    card.write_text(card.read_text().replace("never", "NEVER").replace("| layers | 3 |", "| layers | 2 |"))
    assert 'README.md: line 17 is "| layers | 2 |", should be "| layers | 3 |"' in listed(folder)
    card.write_text("trust me\n")
    assert "README.md: line 1 is" in listed(folder)
    shutil.copy(folder / "config.json", folder / "before")
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text())))
    assert "config.json: the same fields, but not the same bytes" in listed(folder)
    description = folder / "logdepth.json"
    description.write_text(description.read_text().replace('"depth": 3,', '"depth": 2, "depth": 3,'))
    assert "logdepth.json: the same fields, but not the same bytes" in listed(folder)


def test_a_changed_weight_is_named_by_tensor_and_index(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["lm_head.weight"][1, 2] = np.nextafter(tensors["lm_head.weight"][1, 2], np.float32(9))
    save_file(tensors, path, {"format": "pt"})
    reseal(folder)
    found = listed(folder)
    assert "model.safetensors: lm_head.weight[1, 2] is " in found and "(1 of " in found
    report = logdepth.verify(folder, samples=8)
    assert not report.ok and report.weights_intact and report.wrong == 0 and "lm_head.weight[1, 2]" in str(report)


def test_a_report_says_so_and_the_status_is_1(folder: Path, capsys) -> None:
    edit(folder, "config.json", lambda c: c.update(scale_attn_weights=False))
    assert main(["verify", str(folder), "--samples", "8"]) == 1
    out = capsys.readouterr().out
    assert "NOT VERIFIED" in out and "config.json: scale_attn_weights is false, should be true" in out
    assert "not run: config.json" in out  # what else would stock code do with a config that nobody checked?
    assert main(["verify", str(folder), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False and report["least_margin"] is None and len(report["differences"]) == 1


@pytest.mark.parametrize("kind", ["rank", "any", "own"])
def test_mutations_are_caught_and_named(saved: dict[str, Path], kind: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved[kind], tmp_path / "copy"))
    for file, what, data in mutations(folder, 12, seed=len(kind)):
        (folder / file).write_bytes(data)
        try:
            found = listed(folder)
        except FolderError as error:
            found = str(error)
            assert "\n" not in found
        assert file in found, f"{file}: {what}: {found}"
        shutil.copy(saved[kind] / file, folder / file)
    assert not listed(folder)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rank", "any", "own"])
def test_hundreds_of_mutations_at_the_command_line(saved: dict[str, Path], kind: str, tmp_path: Path, capsys) -> None:
    folder = Path(shutil.copytree(saved[kind], tmp_path / "copy"))
    tried = 0
    for file, what, data in mutations(folder, 60, seed=7):
        (folder / file).write_bytes(data)
        status = main(["verify", str(folder), "--samples", "4"])
        out, err = capsys.readouterr()
        assert status in (1, 2) and file in out + err, (file, what, out, err)
        assert (status == 2) == (len(err.splitlines()) == 1), err
        assert status == 2 or "NOT VERIFIED" in out
        shutil.copy(saved[kind] / file, folder / file)
        tried += 1
    assert tried >= 500


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"format": ' + "1" * 5000 + "}",
        "[]",
        "null",
        '{"format": true}',
        "\ud800".encode("utf-8", "surrogatepass"),
    ],
    ids=["nested", "a long number", "a list", "null", "a Boolean", "no text"],
)
def test_no_description_at_all(folder: Path, text: str | bytes, capsys) -> None:
    (folder / "logdepth.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    for command in (["verify", str(folder)], ["predict", str(folder), "--input", str(folder / "README.md")]):
        assert main(command) == 2
        error = capsys.readouterr().err
        assert error.startswith("logdepth: ") and len(error.splitlines()) == 1 and "logdepth.json" in error


def test_a_graph_that_means_nothing_is_refused(folder: Path) -> None:
    intact = (folder / "logdepth.json").read_text()
    for change, message in [
        (lambda g: g["nodes"][0].update(op="exec"), "'exec' is no operation"),
        (lambda g: g["nodes"][-1].update(args=[len(g["nodes"])]), "is not an earlier node"),
        (lambda g: g["nodes"][-1].update(args=[-1]), "is not an earlier node"),
        (lambda g: g["nodes"][0].update(lo=-(2**80)), "a word in -"),
        (lambda g: g["nodes"][0].update(lo=5, hi=4), "a word in 5..4"),
        (lambda g: g["nodes"][0].update(hi=0), "gives 0.."),
        (lambda g: g.update(output=10**6), "output is 1000000"),
        (lambda g: g.update(causal=False), "GPT-2 is causal"),
        (lambda g: g.update(length=10**9), r"position gives 0\.\.1000000000"),
        (lambda g: g.update(length=0), "length is 0"),
        (lambda g: next(n for n in g["nodes"] if "match" in n)["match"].__setitem__(0, "best"), "no kind of look-up"),
        (lambda g: next(n for n in g["nodes"] if "match" in n)["match"].__setitem__(1, []), "0 keys and 1 queries"),
        (lambda g: g["nodes"].insert(0, dict(g["nodes"][-1])), "is not an earlier node"),
    ]:
        edit(folder, "logdepth.json", lambda d, change=change: change(d["graph"]))
        with pytest.raises(FolderError, match=message):
            read_folder(folder)
        (folder / "logdepth.json").write_text(intact)


def test_a_length_that_the_weights_have_no_room_for(saved: dict[str, Path], tmp_path: Path) -> None:
    def lengthen(description: dict[str, Any]) -> None:
        graph = description["graph"]
        graph["length"] = 10**9
        for node in graph["nodes"]:
            if node["op"] in ("position", "shift"):
                node["hi"] = 10**9

    folder = Path(shutil.copytree(saved["own"], tmp_path / "copy"))
    edit(folder, "logdepth.json", lengthen)
    with pytest.raises(FolderError, match=r"length 1,000,000,000 .* more than .* room for"):
        logdepth.verify(folder)


def test_only_verify_looks_into_a_changed_folder(folder: Path) -> None:
    edit(folder, "logdepth.json", lambda d: d.update(depth=4))
    with pytest.raises(FolderError, match=r"logdepth\.json \(depth\) was changed since it was written"):
        read_folder(folder)
    edit(folder, "logdepth.json", lambda d: d.update(depth=3))
    for name in set(FILES) - {"logdepth.json"}:
        before = (folder / name).read_bytes()
        (folder / name).write_bytes(before[:-1] + b" ")
        with pytest.raises(FolderError, match=r"changed since it was written|damaged|truncated"):
            logdepth.predict(folder, ["ACG"])
        (folder / name).write_bytes(before)
    assert logdepth.predict(folder, ["ACG"])


def test_other_files_are_named(folder: Path) -> None:
    (folder / "notes.md").write_text("mine")
    report = logdepth.verify(folder, samples=8)
    assert report.ok and any("notes.md" in note for note in report.notes)
    for name in ("pytorch_model.bin", "adapter_config.json", "added_tokens.json", "chat_template.jinja", "vocab.json"):
        (folder / name).write_text("{}")
        report = logdepth.verify(folder, samples=8)
        assert not report.ok and any(name in difference for difference in report.differences)
        with pytest.raises(FolderError, match=name):
            logdepth.predict(folder, ["ACG"])
        (folder / name).unlink()


@pytest.mark.parametrize("kind", ["of an unknown kind", "of GPT-2's kind"])
def test_a_planted_module_never_runs(folder: Path, kind: str, tmp_path: Path, capsys) -> None:
    marker = tmp_path / "ran"
    planted = (
        f"from transformers import *\nopen({str(marker)!r}, 'w').close()\nConfig = Model = Tokenizer = GPT2Config\n"
    )
    for name in ("planted.py", "modeling_planted.py", "configuration_planted.py"):
        (folder / name).write_text(planted)
    classes = {
        "AutoConfig": "planted.Config",
        "AutoModelForCausalLM": "planted.Model",
        "AutoTokenizer": "planted.Tokenizer",
    }

    def plant(config: dict[str, Any]) -> None:
        config["auto_map"] = classes
        if kind == "of an unknown kind":
            config["model_type"] = "planted"

    edit(folder, "config.json", plant)
    edit(folder, "tokenizer_config.json", lambda c: c.update(auto_map={"AutoTokenizer": ["planted.Tokenizer", None]}))
    (tmp_path / "in").write_text("ACG\n")
    for hidden in (False, True):
        if hidden:
            reseal(folder)
        for command in (
            ["verify"],
            ["predict", "--input", str(tmp_path / "in")],
            ["explain", "--length", "9"],
            ["plot", "--text", "ACG", "--out", str(tmp_path / "out.png")],
            ["evaluate", "--strings", "4"],
        ):
            status = main([command[0], str(folder), *command[1:]])
            assert status in (1, 2) and "Traceback" not in capsys.readouterr().err
    for attention in ("eager", "sdpa"):
        try:
            load_model(folder, attention)
        except FolderError:
            assert kind == "of an unknown kind"
    assert not marker.exists()


def test_an_older_format_is_read_and_not_verified(folder: Path) -> None:
    edit(folder, "logdepth.json", lambda d: (d.update(format=1, logdepth="0.1.0"), d.pop("checksums")))
    assert logdepth.predict(folder, ["ACGA"])[0].text
    with pytest.raises(FolderError, match=r"format 1, written by logdepth 0\.1\.0.*compile it again"):
        logdepth.verify(folder)


def test_a_format_without_hidden_units_is_read_and_not_verified(folder: Path) -> None:
    def older(d: dict) -> None:
        d.update(format=2, logdepth="0.1.0")
        d["domain"]["first_token"] = d["domain"].pop("starts_with")
        for layer in d["layout"]["layers"]:
            del layer["hidden"]

    edit(folder, "logdepth.json", older)
    reseal(folder)
    assert logdepth.predict(folder, ["ACGA"])[0].text
    with pytest.raises(FolderError, match=r"format 2, written by logdepth 0\.1\.0.*compile it again"):
        logdepth.verify(folder)


def test_another_version_may_verify_it(folder: Path) -> None:
    edit(folder, "logdepth.json", lambda d: d.update(logdepth="0.0.7"))
    reseal(folder)
    assert logdepth.verify(folder, samples=8).ok
