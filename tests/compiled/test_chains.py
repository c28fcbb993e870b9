"""Compiled models that think: what stock `generate` writes is what the program, and the definition, say."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import logdepth
from logdepth.compiled.arcs import question_of
from logdepth.compiled.chains import ask, generate
from logdepth.compiled.folder import read_folder
from logdepth.compiled.hub import load_model
from logdepth.compiled.running import logits
from logdepth.errors import FolderError, InputError
from logdepth.graphs import graph_from_edges
from logdepth.lang import Pointer, Symbol, interpret, point, program
from logdepth.programs import khop_blanks, khop_cot, khop_cot_wide, pointer_chasing_cot, reachability_cot
from logdepth.tasks.chains import ChainQuestion
from logdepth.tasks.khop import Khop
from logdepth.tasks.khop.chain import KhopChain
from logdepth.tasks.pointer_chasing.chain import PointerChain, ReachabilityChain

SIZES = {
    khop_cot: (KhopChain, 12, "abc", 9),
    khop_cot_wide: (KhopChain, 12, "abc", 9),
    khop_blanks: (KhopChain, 12, "abc", 9),
    pointer_chasing_cot: (PointerChain, 12, "012345", 9),
    reachability_cot: (ReachabilityChain, 12, "012345", 5),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Any, Path]:
    found = {}
    for each, (_, length, alphabet, steps) in SIZES.items():
        model = logdepth.compile(each, length=length, alphabet=alphabet, steps=steps)
        found[each] = model.save(tmp_path_factory.mktemp("chains") / each.name)
    return found


@pytest.mark.parametrize("each", SIZES, ids=lambda p: p.name)
@pytest.mark.parametrize("use_cache", [True, False])
def test_what_is_generated_is_the_definition(each: Any, use_cache: bool, folders: dict[Any, Path]) -> None:
    kind, length, alphabet, steps = SIZES[each]
    task, found = kind(len(alphabet), length, steps), read_folder(folders[each])
    model = load_model(found.path, "eager" if use_cache else "sdpa", "cpu")
    questions = task.questions(40, 3, "generate")
    written = ask(model, found, questions, use_cache=use_cache)
    for question, chain in zip(questions, written, strict=True):
        assert chain == task.chain(question) and task.ids.answer(chain) == task.answer(question)


def test_every_sequence_of_the_domain(tmp_path: Path) -> None:
    """Letters and pointers in any order, not only prompts: what is certified is every reachable prefix and more."""
    model = logdepth.compile(khop_cot, length=2, alphabet=2, steps=1)
    stock = load_model(model.save(tmp_path / "m"), "eager", "cpu")
    strings = np.array(list(itertools.product(range(4), repeat=5)))
    for header in (0, 1):
        head = np.full(len(strings), header)
        scores = logits(stock, model.encode(strings, head)).numpy()
        want = model.vocabulary.answer_ids(model.interpret(strings, head))
        right = np.take_along_axis(scores, want[..., None], -1)[..., 0]
        np.put_along_axis(scores, want[..., None], -np.inf, -1)
        assert (right - scores.max(-1)).min() >= model.certificate.margin


def test_as_anybody_would_call_it(folders: dict[Any, Path]) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folders[khop_cot])
    tokenizer = AutoTokenizer.from_pretrained(folders[khop_cot])
    inputs = tokenizer("<2>abcabcacb@9", return_tensors="pt")
    with torch.no_grad():
        said = tokenizer.decode(model.generate(**inputs)[0])
    assert said.split() == ["<2>", *"abcabcacb", "@9", *khop_cot.think("abcabcacb", header=2), "<none>"]


def test_the_longest_chain_fills_the_table_of_positions(folders: dict[Any, Path]) -> None:
    """A repeat points at itself for ever: n = N, k = steps, and not one position is left."""
    found = read_folder(folders[khop_cot])
    model = load_model(found.path, "eager", "cpu")
    assert model.config.n_positions == 1 + 12 + 1 + 9 + 1
    assert ask(model, found, [ChainQuestion([0] * 12, 12, 9)]) == [[3 + 11] * 9 + [0]]
    with pytest.raises(
        InputError, match=r"k is 10; the model's table of 24 positions .* \(compile one with --max-k 10\)"
    ):
        logdepth.predict_chains(found, ["a" * 12], header=10)


def test_predict_asks_for_the_last_position_or_any(folders: dict[Any, Path]) -> None:
    texts = ["abcabcacb", "aab"]
    last = logdepth.predict_chains(folders[khop_cot], texts, header=2)
    assert [chain.at for chain in last] == [9, 3]
    every = logdepth.predict_chains(folders[khop_cot], texts, header=2, at="all")
    answers = [Khop(len(text), 3, k=2).solve(np.array([["abc".index(s) for s in text]]), 2)[0] for text in texts]
    assert [chain.answer for chain in every] == np.concatenate(answers).tolist()
    assert every[8].as_dict() == {**last[0].as_dict()} and every[8].text.split("\t")[0] == last[0].said


@pytest.mark.parametrize("each", [khop_cot, pointer_chasing_cot, reachability_cot, khop_blanks], ids=lambda p: p.name)
def test_it_is_verified(each: Any, folders: dict[Any, Path]) -> None:
    report = logdepth.verify(folders[each], samples=24)
    assert report.ok, report
    assert {"eager, generate", "sdpa, generate without cache"} <= report.checks.keys()


def test_a_wrong_program_is_told_from_the_definition(folders: dict[Any, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    right = KhopChain.answer
    monkeypatch.setattr(KhopChain, "answer", lambda task, question: (right(task, question) + 1) % 3)
    with pytest.raises(AssertionError, match="the reference solver of khop-cot differ"):
        logdepth.verify(folders[khop_cot], samples=4)
    monkeypatch.undo()
    following = KhopChain.following
    monkeypatch.setattr(KhopChain, "following", lambda task, string, at: max(0, following(task, string, at) - 1))
    with pytest.raises(AssertionError, match="khop-cot differ at k = "):
        logdepth.verify(folders[khop_cot], samples=64)


def test_generation_that_would_not_be_greedy_is_named(tmp_path: Path) -> None:
    folder = logdepth.compile(khop_cot, length=5, alphabet=2, steps=3).save(tmp_path / "m")
    config = json.loads((folder / "generation_config.json").read_text())
    assert (config["do_sample"], config["num_beams"]) == (False, 1)
    assert config["max_length"] == 1 + 5 + 1 + 3 + 1 + 1  # and the end, which is written and never read
    (folder / "generation_config.json").write_text(json.dumps({**config, "do_sample": True}, indent=1) + "\n")
    report = logdepth.verify(folder, samples=4)
    assert not report.ok and any("do_sample is true, should be false" in line for line in report.differences)


@pytest.mark.parametrize("change", [{"num_letters": 9}, {"num_letters": 0}, {"num_edges": 1}, {"num_letters": None}])
def test_a_damaged_graph_is_refused(change: dict[str, Any], folders: dict[Any, Path], tmp_path: Path) -> None:
    for file in folders[khop_cot].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    description = json.loads((tmp_path / "logdepth.json").read_text())
    description["graph"] |= change
    (tmp_path / "logdepth.json").write_text(json.dumps(description))
    with pytest.raises(FolderError):
        read_folder(tmp_path)


@program(thinks=True)
def back(x: Symbol, pointer: Pointer, text: int, steps: int):
    return point(pointer - 1)


def test_a_program_of_ones_own_without_headers(tmp_path: Path) -> None:
    folder = logdepth.compile(back, length=6, alphabet="ab").save(tmp_path / "m")
    assert logdepth.verify(folder, samples=24).ok
    assert [chain.names for chain in logdepth.predict_chains(folder, ["abab"])] == [["@3", "@2", "@1"]]
    with pytest.raises(InputError, match="takes no header"):
        logdepth.predict_chains(folder, ["abab"], header=1)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("abd", {"header": 1}, "'d' is not in the alphabet abc"),
        ("ab@1", {"header": 1}, "'@' is not in the alphabet abc"),
        ("", {"header": 1}, "the text is empty"),
        ("a" * 13, {"header": 1}, "13 letters; the model takes 12 at most"),
        ("abc", {}, r"give k \(--k\)"),
        ("abc", {"header": -1}, r"k is -1; it must be in 0\.\.9"),
        ("abc", {"header": 1, "at": 0}, r"position 0 is asked for; the text has positions 1\.\.3"),
        ("abc", {"header": 1, "at": 4}, "position 4 is asked for"),
    ],
)
def test_bad_input_is_refused(text: str, options: dict[str, Any], message: str, folders: dict[Any, Path]) -> None:
    with pytest.raises(InputError, match=message):
        logdepth.predict_chains(folders[khop_cot], [text], **options)


def test_models_of_the_other_kind_are_refused(folders: dict[Any, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a model that thinks: predict_chains"):
        logdepth.predict(folders[khop_cot], ["abc"], header=1)
    from logdepth.programs import khop_rank

    folder = logdepth.compile(khop_rank, length=5, alphabet=2, k=1).save(tmp_path / "m")
    with pytest.raises(InputError, match="is no model that thinks"):
        logdepth.predict_chains(folder, ["ab"])


def test_a_chain_that_is_cut_off_is_no_answer(folders: dict[Any, Path]) -> None:
    found = read_folder(folders[khop_cot])
    model = load_model(found.path, "eager", "cpu")
    model.generation_config.max_length = 8
    with pytest.raises(FolderError, match="chain 1 has no end"):
        generate(model, found, [[0, 0, 0, 5]], [9])


def test_graphs_are_asked_by_the_names_of_their_vertices(folders: dict[Any, Path]) -> None:
    graph = graph_from_edges([10, 20, 30, 40], [20, 30, 10, 30])
    found = read_folder(folders[pointer_chasing_cot])
    record, at, header, names = question_of(found, graph, "40", None, 3)
    assert (record.symbols, at, header) == ([0, 1, 1, 2, 2, 0, 3, 2], 7, 3)
    assert logdepth.predict_chains(found, [record], header=header, at=at)[0].answer == 1  # 40 30 10 20
    assert logdepth.predict_chains(found, [record], header=3, at=at, letters=names)[0].said == "20"
    for vertex, goal, k, message in (
        ("50", None, 1, "there is no vertex 50 in the graph"),
        (None, None, 1, "give --vertex U and --k K"),
        ("40", "10", None, "give --vertex U and --k K"),
    ):
        with pytest.raises(InputError, match=message):
            question_of(found, graph, vertex, goal, k)
    with pytest.raises(InputError, match="vertex 10 has 2 arcs that leave it"):
        question_of(found, graph_from_edges([10, 10], [20, 30]), "10", None, 1)
    with pytest.raises(InputError, match=r"7 vertices; the model takes 6 at most \(compile one with --vertices 7\)"):
        question_of(found, graph_from_edges(list(range(6)), list(range(1, 7))), "0", None, 1)
    reach = read_folder(folders[reachability_cot])
    assert question_of(reach, graph, "40", "20", None)[2] == 1
    with pytest.raises(InputError, match="takes no graph"):
        question_of(read_folder(folders[khop_cot]), graph, "40", None, 1)


@pytest.mark.slow
@pytest.mark.parametrize("use_cache", [True, False])
def test_the_target_128_letters_and_64_hops(use_cache: bool, tmp_path: Path) -> None:
    """3 blocks, any k up to 64: planted strings (all k hops there), uniform, without adjacent repeats."""
    model = logdepth.compile(khop_cot, length=128, alphabet=4, steps=64)
    assert model.depth == 3 and model.certificate.holds and model.certificate.dtype == "float32"
    found = read_folder(model.save(tmp_path / "m"))
    stock, task = load_model(found.path, "sdpa", "cpu"), KhopChain(4, 128, 64)
    rng, questions = np.random.default_rng(5), []
    for k in range(65):
        strings = [rng.integers(0, 4, 128), np.cumsum(rng.integers(1, 4, 128)) % 4]
        strings += list(Khop(128, 4, k=max(k, 1)).planted_strings(max(k, 1), 2, seed=k))
        questions += [ChainQuestion(string.tolist(), 128, k) for string in strings]
        questions.append(ChainQuestion(strings[0].tolist(), int(rng.integers(1, 129)), k))
    if not use_cache:  # every token costs all before it
        questions = [*questions[::9], *questions[-3:]]
    written = ask(stock, found, questions, use_cache=use_cache)
    for question, chain in zip(questions, written, strict=True):
        assert chain == task.chain(question) and task.ids.answer(chain) == task.answer(question)
    assert max(map(len, written)) == 65  # planted, for k = 64


def test_interpreted_prefixes_are_what_is_generated(folders: dict[Any, Path]) -> None:
    """Every prefix of a chain: the next token of the interpreter, asked once at all positions."""
    found = read_folder(folders[khop_cot])
    question = ChainQuestion([0, 1, 2, 0, 1, 2, 0, 2, 1], 9, 3)
    chain = KhopChain(3, 12, 9).chain(question)
    prompt = KhopChain(3, 12, 9).ids.prompt(question.string, question.at)
    words = interpret(found.graph, np.array([[*prompt, *chain]]), header=np.array([3]))
    assert isinstance(words, np.ndarray)
    assert words[0, len(prompt) :].tolist() == [*chain, found.graph.setting.alphabet_size]
