"""A compiled model on disk: stock loading, verification, and everything that may be wrong with a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import logdepth
from logdepth.compiled.contents import FILES, describe
from logdepth.compiled.folder import read_folder
from logdepth.errors import FolderError, InputError
from logdepth.files import sha256
from logdepth.lang import Position, Symbol, at, count, program, theirs
from logdepth.programs import khop_doubling, khop_rank, khop_rank_any
from logdepth.sequences import Alphabet, read_input
from logdepth.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "khop"
    return logdepth.compile(khop_rank, length=30, alphabet="ACGT", k=5).save(folder)


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "copy"))


def test_stock_code_loads_it(saved: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(saved, trust_remote_code=False)
    tokenizer = AutoTokenizer.from_pretrained(saved, trust_remote_code=False)
    assert type(model).__name__ == "GPT2LMHeadModel" and model.dtype == torch.float32
    batch = tokenizer(["GATTACAGATTACA", "ACGT"], return_tensors="pt", padding=True)
    assert batch["input_ids"][1].tolist() == [4, 0, 1, 2, 3, *[4] * 10]
    answers = model(**batch).logits.argmax(-1)
    text = "".join(logdepth.load(saved).alphabet.text(answers[0, 1:].tolist()))
    assert text == logdepth.predict(saved, ["GATTACAGATTACA"])[0].text
    assert tokenizer.decode([4, 2, 0]) == "<start> G A" and len(tokenizer) == model.config.vocab_size == 5
    with pytest.raises(Exception, match="UNK"):
        tokenizer("GAXA")


def test_verified_and_complete(saved: Path) -> None:
    report = logdepth.verify(saved, samples=60, seed=3)
    assert report.ok and report.positions > 900 and report.wrong == 0
    assert set(report.checks) == {
        f"{attention}{way}"
        for attention in ("eager", "sdpa")
        for way in ("", ", padded right", ", padded left", ", cache")
    }
    assert "verified" in str(report) and report.as_dict()["ok"]
    assert sorted(file.name for file in saved.iterdir()) == sorted(FILES)
    description = json.loads((saved / "logdepth.json").read_text())
    assert description["program"] == {"name": "khop_rank", "built_in": True, "parameters": {"k": 5}}
    assert description["depth"] == 4 and description["certificate"]["holds"]
    assert {field["name"] for field in description["layout"]["fields"]} >= {"x", "position", "found"}
    assert str(Path.home()) not in (saved / "logdepth.json").read_text()
    assert "4 symbols" in (saved / "README.md").read_text() or "A C G T" in (saved / "README.md").read_text()


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_other_dtypes_come_back(dtype: str, tmp_path: Path) -> None:
    folder = logdepth.compile(khop_doubling, length=25, alphabet=3, k=3, dtype=dtype).save(tmp_path / "m")
    report = logdepth.verify(folder, samples=40)
    assert report.ok and report.dtype == dtype


def test_one_model_for_every_k_and_its_tokens(tmp_path: Path) -> None:
    folder = logdepth.compile(khop_rank_any, length=20, alphabet="ab", header_size=4, max_k=3).save(tmp_path / "m")
    assert logdepth.verify(folder, samples=64).ok
    one = logdepth.predict(folder, ["abbabaab"], header=2)[0].text
    (tmp_path / "text").write_text("<2>abbabaab\n\n<0>abab\n")
    records, _ = read_input(str(tmp_path / "text"), Alphabet.of("ab"), Vocabulary(2, 4))
    assert [p.text for p in logdepth.predict(folder, records)] == [one, "abab"]
    np.save(tmp_path / "ids.npy", np.array([[2, 4, 5, 5, 4, 5, 4, 4, 5]]))
    records, _ = read_input(str(tmp_path / "ids.npy"), Alphabet.of("ab"), Vocabulary(2, 4))
    assert logdepth.predict(folder, records)[0].text == one
    with pytest.raises(InputError, match="takes a header"):
        logdepth.predict(folder, ["ab"])
    with pytest.raises(InputError, match=r"the header is 4; the model takes 0\.\.3"):
        logdepth.predict(folder, ["ab"], header=4)


def test_a_number_as_output(tmp_path: Path) -> None:
    @program
    def since_the_start(x: Symbol, position: Position):
        return count(where=theirs(x) == x) - position

    folder = logdepth.compile(since_the_start, length=12, alphabet="xy").save(tmp_path / "m")
    assert logdepth.verify(folder, samples=40).ok
    assert logdepth.predict(folder, ["xyxx"])[0].words == [0, -1, -1, -1]


def test_a_flipped_bit_is_caught(folder: Path) -> None:
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-5] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    report = logdepth.verify(folder, samples=8)
    assert not report.ok and not report.weights_intact and "DIFFERS" in str(report)


@pytest.mark.parametrize(
    "name",
    [
        "transformer.wte.weight",
        "transformer.wpe.weight",
        "transformer.h.1.attn.c_attn.weight",
        "transformer.h.2.attn.c_proj.weight",
        "transformer.h.0.mlp.c_fc.weight",
        "transformer.h.1.mlp.c_proj.weight",
        "transformer.h.3.ln_1.weight",
        "lm_head.weight",
    ],
)
def test_a_wrong_weight_with_a_right_checksum_is_caught(folder: Path, name: str) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    used = np.argwhere(np.abs(tensors[name]) > 0)
    used = used[used[:, 0] > 3] if "mlp.c_fc" in name else used  # 0..3 are START and REST
    tensors[name][tuple(used[len(used) // 2 if "ln" not in name else 4])] *= -1
    save_file(tensors, path, {"format": "pt"})
    description = json.loads((folder / "logdepth.json").read_text())
    description["weights"] = {"sha256": sha256(path), "bytes": path.stat().st_size}
    (folder / "logdepth.json").write_text(json.dumps(description))
    report = logdepth.verify(folder, samples=40)
    assert report.weights_intact and not report.ok
    if report.wrong:
        assert "should be" in report.first_wrong
    else:  # still right, but by less than was proved
        assert report.least_margin < report.certified_margin


def test_a_nan_weight_is_caught(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["lm_head.weight"][0, 0] = np.nan
    save_file(tensors, path, {"format": "pt"})
    size = json.loads((folder / "logdepth.json").read_text())["weights"]["bytes"]
    if path.stat().st_size == size:
        assert not logdepth.verify(folder, samples=8).ok


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(FolderError, match=r"missing|no logdepth\.json"):
        read_folder(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "logdepth.json", "config.json", "tokenizer.json"])
def test_a_truncated_file(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(FolderError, match=r"truncated|damaged"):
        read_folder(folder)


def test_not_a_compiled_model(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(FolderError, match="is not a folder"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(FolderError, match="not a compiled model"):
        read_folder(tmp_path)
    description = json.loads((folder / "logdepth.json").read_text())
    for change, message in (({"format": 99}, "format 99"), ({"graph": {}}, "damaged"), ({"domain": 3}, "damaged")):
        (folder / "logdepth.json").write_text(json.dumps({**description, **change}))
        with pytest.raises(FolderError, match=message):
            read_folder(folder)


def test_config_that_does_not_fit_the_weights(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["n_layer"] += 1
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(FolderError, match=r"missing keys|do not load"):
        logdepth.verify(folder, samples=8)


def test_saving_never_overwrites_by_accident(saved: Path, tmp_path: Path, monkeypatch) -> None:
    model = logdepth.compile(khop_rank, length=9, alphabet=2, k=1)
    with pytest.raises(InputError, match="not empty; give --force"):
        model.save(saved)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years")
    with pytest.raises(InputError, match="was not written by logdepth"):
        model.save(tmp_path / "home", force=True)
    model.save(tmp_path / "m")
    again = logdepth.compile(khop_rank, length=9, alphabet=2, k=2)
    monkeypatch.setattr("logdepth.compiled.contents.card", lambda description: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        again.save(tmp_path / "m", force=True)
    assert read_folder(tmp_path / "m").description["program"]["parameters"] == {"k": 1}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["home", "m"]
    monkeypatch.undo()
    again.save(tmp_path / "m", force=True)
    assert read_folder(tmp_path / "m").description["program"]["parameters"] == {"k": 2}


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    hashes = set()
    for name in ("a", "b"):
        folder = logdepth.compile(khop_rank, length=9, alphabet=2, k=3).save(tmp_path / name)
        hashes.add(tuple(sha256(folder / file) for file in FILES))
    assert len(hashes) == 1


def test_description_without_saving() -> None:
    model = logdepth.compile(khop_rank, length=9, alphabet=2, k=3)
    assert describe(model, None)["weights"] == {}


def test_sequences_that_do_not_fit(saved: Path) -> None:
    with pytest.raises(InputError, match="sequence 1: 31 symbols; the model takes 30 at most"):
        logdepth.predict(saved, ["A" * 31])
    with pytest.raises(InputError, match="sequence 2, column 2: 'x' is not in the alphabet ACGT"):
        logdepth.predict(saved, ["A", "Ax"])
    with pytest.raises(InputError, match="takes no header"):
        logdepth.predict(saved, ["A"], header=1)


def test_a_program_of_ones_own_reads_its_neighbour(tmp_path: Path) -> None:
    @program
    def neighbour(x: Symbol, position: Position):
        return at(position - 1).read(x)

    folder = logdepth.compile(neighbour, length=8, alphabet=70).save(tmp_path / "m")  # numbers as symbols
    (tmp_path / "in.txt").write_text("3 69 0\n")
    records, _ = read_input(str(tmp_path / "in.txt"), logdepth.load(folder).alphabet)
    assert logdepth.predict(folder, records)[0].text == "_ 3 69"
    assert logdepth.verify(folder, samples=30).ok
