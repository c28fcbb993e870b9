from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pytest
import torch

from logdepth.analysis.ablation import ablate_heads
from logdepth.analysis.circuit import circuit_rows
from logdepth.analysis.construction import CUTOFFS, judge, judge_probes, largest_asked, reach_of, reached_hops
from logdepth.analysis.linear import features_of, read
from logdepth.analysis.patching import find_pair, patch_heads, patch_residual
from logdepth.analysis.pointers import best_pointers, head_scores, pattern_scores, pointer_scores
from logdepth.analysis.probes import occurrence_ranks, probe_pointers
from logdepth.analysis.report import analyze
from logdepth.compiled.model import compile
from logdepth.errors import InputError
from logdepth.models.build import build_model
from logdepth.programs import khop_doubling, khop_doubling_any, khop_rank, khop_rank_any
from logdepth.tasks.khop import random_strings, solve
from logdepth.train.recipes import fast, paper, plain
from logdepth.train.subject import Subject, load_subject, run_subject


@cache
def compiled(construction: str, k: int, any_k: bool = True, length: int = 40) -> Subject:
    programs = {
        ("rank", True): khop_rank_any,
        ("doubling", True): khop_doubling_any,
        ("rank", False): khop_rank,
        ("doubling", False): khop_doubling,
    }
    options: dict[str, Any] = {"header_size": k + 1, "max_k": k} if any_k else {"k": k}
    folder = mkdtemp() + "/model"
    compile(programs[construction, any_k], length=length, alphabet=4, **options).save(folder)
    return load_subject(folder)


def untrained(config: Any) -> Subject:
    torch.manual_seed(0)
    model = build_model(config.model).eval()
    for parameter in model.parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=0.3)
    return run_subject("untrained", model, config, 1)


def strings(count: int = 12, length: int = 40) -> np.ndarray:
    return random_strings(count, length, 4, 3)


CASES = [("rank", 7, True), ("rank", 5, False), ("rank", 11, True), ("doubling", 8, True), ("doubling", 6, False)]


@pytest.mark.parametrize(("construction", "k", "any_k"), CASES)
def test_compiled_heads_follow_their_pointers_exactly(construction: str, k: int, any_k: bool) -> None:
    """rank: layer l >= 2 attends to find^(2^(l-2)); doubling: to find^1 twice, then to find^2, find^4, .."""
    subject = compiled(construction, k, any_k)
    found = {}
    for row in best_pointers(head_scores(subject, k, strings())):
        if row["j"] and row["valid"] > 0.9:
            found.setdefault(row["layer"], []).append((row["j"], round(row["valid"], 3)))
    depth = subject.shape.depth
    wanted = {layer: 1 << (layer - 2) for layer in range(2, depth + 1)} if construction == "rank" else {2: 1}
    if construction == "doubling":
        wanted |= {layer: 1 << (layer - 3) for layer in range(3, depth + 1)}
    assert found == {layer: [(j, 1.0)] for layer, j in wanted.items()}


def test_the_codes_cosine_has_the_ceiling_of_its_valid_rows() -> None:
    subject, drawn = compiled("rank", 7), strings()
    pointer = subject.task.pointers(drawn, 4)[4]
    ceiling = np.sqrt((pointer > 0).mean(1)).mean()
    row = next(r for r in head_scores(subject, 7, drawn) if (r["layer"], r["head"], r["j"]) == (4, 1, 4))
    assert row["code"] == pytest.approx(ceiling, abs=1e-3) and row["valid"] == pytest.approx(1, abs=1e-6)


def test_scores_by_hand() -> None:
    attention = np.array([[[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.2, 0.2, 0.6, 0], [0, 0.8, 0, 0.2]]])
    pointer = np.array([[0, 0, 2, 1]])
    squares = 1 + 0.5 + (0.04 + 0.04 + 0.36) + (0.64 + 0.04)
    found = pointer_scores(attention, pointer)
    assert found["code"] == pytest.approx(1.4 / np.sqrt(2 * squares))
    assert found["text"] == pytest.approx((0.36 + 0.64) / np.sqrt(2 * squares))
    assert found["valid"] == pytest.approx(1.4 / np.sqrt(2 * (0.44 + 0.68)))
    assert np.isnan(pointer_scores(attention, np.zeros((1, 4), int))["code"])


@pytest.mark.parametrize("construction", ["rank", "doubling"])
def test_probes_find_the_pointer_where_it_is_held(construction: str) -> None:
    """100 % where the construction holds it; two layers before at most chance + 5 %."""
    k = 8
    subject = compiled(construction, k)
    rows = probe_pointers(subject, k, range(1, k + 1), strings=150)
    what = "symbol and rank" if construction == "rank" else "position"
    at = {(row["layer"], row["j"]): row for row in rows if row["what"] == what}
    for layer in range(2, subject.shape.depth):
        j = reach_of(construction, layer)
        assert at[layer, j]["accuracy"] == 1.0, (layer, j)
        before = at[layer - 2, j]
        assert before["accuracy"] <= before["chance"] + 0.05, (layer, j)
    assert judge(reached_hops(rows), k).verdict == construction
    found = judge_probes(rows)
    assert found.verdict == construction and found.by_cutoff == ((0.9, 0.999, construction),)
    assert set(found.curves) == set(CUTOFFS) and construction in found.sentence
    for row in rows:  # an interval of strings, around the share
        assert 0 <= row["low"] <= row["accuracy"] + 1e-9 and row["accuracy"] <= row["high"] + 1e-9 <= 1 + 1e-8


def held(accuracies: dict[tuple[int, int], float]) -> list[dict[str, Any]]:
    """Rows of probes for symbols: all of *rank*'s hops in five layers certain, but for those given."""
    return [
        {"layer": layer, "j": j, "what": "symbol", "chance": 0.3, "slots": 900}
        | {"accuracy": accuracies.get((layer, j), 1.0 if j <= reach_of("rank", layer) else 0.3)}
        for layer in range(6)
        for j in range(1, 17)
    ]


def test_a_verdict_holds_at_every_cutoff_or_there_is_none() -> None:
    assert judge_probes(held({})).verdict == "rank"
    for accuracy, verdict in ((0.8999, "rank"), (0.9, "rank"), (0.95, "undecided"), (0.999, "beyond rank")):
        found = judge_probes(held({(3, 4): accuracy}))
        if accuracy == 0.9:  # in hand at the one cutoff .90 alone
            assert found.verdict == "undecided" and found.by_cutoff[0] == (0.9, 0.9, "beyond rank")
        else:
            assert found.verdict == verdict, accuracy
    undecided = judge_probes(held({(3, 4): 0.95}))
    assert undecided.by_cutoff == ((0.9, 0.95, "beyond rank"), (0.95, 0.999, "rank"))
    assert "0.9 to 0.95: beyond rank; 0.95 to 0.999: rank" in undecided.sentence
    assert undecided.curves[0.9][3] == 4 and undecided.curves[0.99][3] == undecided.reached[3] == 3


def test_every_verdict_is_a_sentence() -> None:
    nothing = judge_probes([{**row, "accuracy": 0.3} for row in held({})])
    assert nothing.verdict == "neither" and nothing.sentence.endswith(".") and "nearer to" not in nothing.sentence


def test_a_number_held_smoothly_is_read_by_its_value_not_by_bits() -> None:
    """Position on a circle: an affine map tells every value and no single bit of it."""
    rng = np.random.default_rng(0)
    position = rng.integers(0, 32, (6, 200))
    angle = 2 * np.pi * position / 32
    places = np.stack([np.cos(angle), np.sin(angle)], 2) + rng.normal(size=(6, 200, 2)) * 0.01
    first = np.arange(6)[:, None] < np.full((6, 200), 4)
    found = read(features_of(torch.from_numpy(places)), {"position": position}, 4, first, ~first)
    assert found["position"].mean() > 0.95
    blind = read(features_of(torch.from_numpy(rng.normal(size=(6, 200, 2)))), {"position": position}, 4, first, ~first)
    assert blind["position"].mean() < 0.15


@pytest.mark.parametrize(("construction", "k", "length"), [("rank", 16, 24), ("rank", 12, 16), ("doubling", 12, 16)])
def test_short_strings_do_not_mislead_the_verdict(construction: str, k: int, length: int) -> None:
    """Few slots have many hops there: one lucky slot must not count as a hop in hand."""
    rows = probe_pointers(compiled(construction, k, length=length), k, range(1, k + 1), strings=90)
    assert min(row["slots"] for row in rows) < 50 and largest_asked(rows) < k
    assert judge(reached_hops(rows), largest_asked(rows)).verdict == construction


def test_a_net_with_nothing_in_hand_is_neither() -> None:
    for depth in range(2, 8):
        assert judge(dict.fromkeys(range(depth + 1), 0), 16).verdict == "neither"


def test_too_few_slots_to_judge_is_said_without_nan(tmp_path: Path) -> None:
    verdict = analyze(compiled("rank", 3, length=9), tmp_path / "report", strings=2)["verdict"]
    assert verdict["verdict"] == "between" and verdict["distances"] == {}


@pytest.mark.parametrize(("construction", "any_k"), [("rank", True), ("rank", False), ("doubling", True)])
def test_three_layers_are_told_apart_by_where_they_look(construction: str, any_k: bool, tmp_path: Path) -> None:
    found = analyze(compiled(construction, 2, any_k), tmp_path / "report", strings=10)
    assert found["verdict"]["verdict"] == construction


def test_long_strings_go_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    subject, drawn = compiled("rank", 7), strings(5)
    pair = find_pair(subject, 7)
    whole = head_scores(subject, 7, drawn), pattern_scores(subject, 7, drawn), patch_residual(subject, 7, pair)
    monkeypatch.setattr("logdepth.analysis.pointers.SLOTS_SQUARED", 2 * 41**2)
    monkeypatch.setattr("logdepth.analysis.patching.SLOTS_SQUARED", 7 * 41**2)
    parts = head_scores(subject, 7, drawn), pattern_scores(subject, 7, drawn), patch_residual(subject, 7, pair)
    for one, other in zip(whole, parts, strict=True):
        for row, again in zip(one, other, strict=True):
            assert row == pytest.approx(again, abs=1e-5)


def test_a_model_that_has_learned_nothing_is_patched_without_nan(tmp_path: Path) -> None:
    config = SUBJECTS["looped"]
    found = analyze(run_subject("fresh", build_model(config.model).eval(), config, 0), tmp_path / "report", strings=4)
    assert found["verdict"]["verdict"] == "neither"
    for line in (tmp_path / "report" / "rows.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_ranks_count() -> None:
    drawn = strings(3, 20)
    ranks = occurrence_ranks(drawn, 4)
    for row, string in enumerate(drawn):
        assert ranks[row, 1:].tolist() == [int((string[: i + 1] == string[i]).sum()) for i in range(20)]


def test_ablation_breaks_the_ks_that_need_the_head() -> None:
    subject = compiled("rank", 7)
    rows = ablate_heads(subject, [0, 1, 2, 3, 4, 7], strings(30))
    broken = {(r["layer"], r["head"]): set() for r in rows}
    for row in rows:
        assert row["baseline"] == 0
        if row["kind"] == "zero" and row["error"] > 0.1:
            broken[row["layer"], row["head"]].add(row["k"])
    assert broken[2, 1] == {1, 2, 3, 4, 7}  # find^1: every k but 0
    assert broken[3, 1] == {2, 3, 4, 7}
    assert broken[4, 1] == {4, 7}


def test_patching_shows_the_way_of_the_answer() -> None:
    subject, k = compiled("doubling", 8), 5
    pair = find_pair(subject, k)
    truth = [int(solve(string[None], k, 4)[0, -1]) for string in (pair.clean, pair.corrupt)]
    assert truth == [pair.clean_answer, pair.corrupt_answer]
    assert (np.flatnonzero(pair.clean != pair.corrupt) + 1).tolist() == list(pair.changed)
    rows = patch_residual(subject, k, pair)
    depth = subject.shape.depth
    restored = {(row["layer"], row["slot"]): row["restored"] for row in rows}
    assert restored[depth, 40] == pytest.approx(1, abs=1e-3)
    assert all(restored[depth, slot] == pytest.approx(0, abs=1e-3) for slot in range(40))
    assert restored[1, pair.changed[0]] == pytest.approx(1, abs=1e-3)
    for layer in range(1, depth + 1):  # the answer is in one slot at a time
        whole = [slot for slot in range(41) if restored[layer, slot] > 0.5]
        assert len(whole) == 1
    heads = patch_heads(subject, k, pair)
    assert max(row["restored"] for row in heads) == pytest.approx(1, abs=1e-3)


def test_pairs_that_are_not_there() -> None:
    with pytest.raises(InputError, match="k is 0"):
        find_pair(compiled("rank", 7), 0)
    with pytest.raises(InputError, match="no string of 5 symbols"):
        find_pair(compiled("rank", 7), 7, length=5)


SUBJECTS = {
    "looped": fast(1, num_loops=2, embed_dim=16, num_heads=2, max_k=2, length=20),
    "learned": fast(2, positions="learned", embed_dim=16, num_heads=2, max_k=2, length=20),
    "paper": paper(2, embed_dim=32, num_heads=2, max_k=2, length=20),
}


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_report_of_any_model(name: str, tmp_path: Path) -> None:
    found = analyze(untrained(SUBJECTS[name]), tmp_path / "report", strings=4)
    assert found["k"] == 2 and len(found["heads"]) == 4
    page = (tmp_path / "report" / "index.html").read_text()
    assert page.count("data:image/png;base64,") == 5 and "http" not in page and 'src="/' not in page
    rows = [json.loads(line) for line in (tmp_path / "report" / "rows.jsonl").read_text().splitlines()]
    assert {"attention", "best pointer", "ablation", "probe", "patch residual", "construction"} <= {
        row["what"] for row in rows
    }
    assert "NaN" not in (tmp_path / "report" / "rows.jsonl").read_text()
    for word in ("probe", "ablation", "patching", "hops in hand", "residual stream", "rank", "doubling"):
        assert f"<td>{word}</td>" in page
    assert found["conclusion"] in page.replace("&#x27;", "'") and "earer to" not in page
    assert "In training it was asked for" in page


def test_a_report_of_a_compiled_model(tmp_path: Path) -> None:
    found = analyze(compiled("rank", 5, False), tmp_path / "report", strings=5)
    assert found["error"] == 0 and found["verdict"]["verdict"] == "rank"
    names = {(row["layer"], row["head"]): row["name"] for row in found["heads"]}
    assert names[2, 1] == "find^1" and names[3, 1] == "find^2" and "previous" in names.values()
    assert "It is as the circuit tells" in (tmp_path / "report" / "index.html").read_text()
    with pytest.raises(InputError, match="not empty"):
        analyze(compiled("rank", 5, False), tmp_path / "report", strings=5)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear")
    with pytest.raises(InputError, match="not written by logdepth"):
        analyze(compiled("rank", 5, False), tmp_path / "mine", strings=5, force=True)
    for options, message in (({"k": 4}, "takes 5"), ({"strings": 1}, "at least 2")):
        with pytest.raises(InputError, match=message):
            analyze(compiled("rank", 5, False), tmp_path / "other", **options)


@pytest.mark.parametrize(("construction", "k", "any_k"), [("rank", 7, True), ("doubling", 8, False)])
def test_heads_taken_out_break_what_the_circuit_tells(construction: str, k: int, any_k: bool) -> None:
    subject = compiled(construction, k, any_k)
    rows = circuit_rows(subject, k, strings())
    assert all(row["seen"] == row["told"] for row in rows)
    assert len(next(row for row in rows if row["id"] == "layer1.head1")["seen"]) >= subject.shape.depth - 1
    follows = {(row["layer"], row["head"]): row["j"] for row in best_pointers(head_scores(subject, k, strings()))}
    last = max(rows, key=lambda row: row["layer"])
    before = [row for row in rows if last["id"] in row["told"] and row["layer"] > 1]
    assert {follows[row["layer"], row["head"]] for row in before} >= {1, 2}  # the last hop hangs on find^1 and find^2
    with pytest.raises(InputError, match="trained, not compiled"):
        circuit_rows(untrained(SUBJECTS["paper"]), 1, strings(2, 20))


def test_patterns() -> None:
    rows = pattern_scores(compiled("rank", 7), 7, strings())
    assert max(row["previous"] for row in rows if row["layer"] == 1) == pytest.approx(1, abs=1e-3)


def test_a_model_that_thinks_is_refused(tmp_path: Path) -> None:
    subject = untrained(plain(2, family="cot", embed_dim=16, max_k=2, length=12))
    with pytest.raises(InputError, match="thinks before it answers"):
        analyze(subject, tmp_path / "report", strings=2)
