"""Programs in all their forms on one sequence: all say the same, and what doesn't is seen."""

import numpy as np
import pytest

from logdepth.errors import InputError, SpecError
from logdepth.jobs import forms
from logdepth.jobs.round_trip import round_trip
from logdepth.lang import Position, Symbol, at, count, last, program, select, theirs
from logdepth.mpc import LocalEngine
from logdepth.mpc.ray_engine import RayEngine
from logdepth.programs import khop_doubling, khop_doubling_any, khop_rank, khop_rank_any, pointer_doubling
from logdepth.protocols.inputs.sequences import Symbols
from logdepth.simulation.routers.registry import ROUTERS


@program
def depth_of_bracket(x: Symbol):
    """A prefix sum: opened so far without being closed."""
    return count(where=theirs(x) == 0) - count(where=theirs(x) == 1)


@program
def partner(x: Symbol, position: Position):
    """Of a closing bracket the place of the one that it closes."""
    depth = count(where=theirs(x) == 0) - count(where=theirs(x) == 1)
    opened = last(where=(theirs(x) == 0, theirs(depth) == depth + 1))
    return select(x == 1, opened.read(position), 0)


@program(causal=False)
def ordered(x: Symbol, position: Position):
    """Three symbols in order, by counting."""
    zeros, ones = (count(where=theirs(x) == symbol) for symbol in range(2))
    return select(position <= zeros, 0, select(position <= zeros + ones, 1, 2))


@program(causal=False)
def mirrored(x: Symbol, position: Position):
    """The sequence backwards."""
    length = sum(count(where=theirs(x) == symbol) for symbol in range(4))
    return at(length + 1 - position).read(x)


REPEATS = Symbols(np.array([1, 1, 1, 0, 0, 2, 2, 2, 2, 1, 0, 0, 1, 1]), 3)
CASES = {
    "khop_rank, k = 6": (khop_rank, {"length": 24, "alphabet": 4, "k": 6}),
    "khop_rank, k = 0": (khop_rank, {"length": 9, "alphabet": 3, "k": 0}),
    "khop_rank, adjacent repeats": (khop_rank, {"length": 20, "alphabet": 3, "k": 5, "data": REPEATS}),
    "khop_doubling, k = 5": (khop_doubling, {"length": 21, "alphabet": 4, "k": 5}),
    "khop_doubling, adjacent repeats": (khop_doubling, {"length": 14, "alphabet": 3, "k": 3, "data": REPEATS}),
    "khop_rank_any, header 3 of 0..6": (
        khop_rank_any,
        {"length": 16, "alphabet": 3, "max_k": 6, "header_size": 7, "header": 3},
    ),
    "khop_doubling_any": (khop_doubling_any, {"length": 16, "alphabet": 3, "max_k": 3, "header_size": 4}),
    "pointer_doubling, BERT": (pointer_doubling, {"length": 18, "alphabet": 18, "k": 11}),
    "prefix sums": (depth_of_bracket, {"length": 22, "alphabet": 2, "machines": 5}),
    "partner": (partner, {"length": 15, "alphabet": 2, "machines": 3}),
    "sorting, BERT": (ordered, {"length": 19, "alphabet": 3}),
    "backwards, BERT": (mirrored, {"length": 17, "alphabet": 4}),
    "one machine": (khop_rank, {"length": 11, "alphabet": 3, "k": 2, "machines": 1}),
    "more machines than symbols": (khop_rank, {"length": 3, "alphabet": 3, "k": 2, "machines": 8}),
    "a single symbol": (khop_rank, {"length": 1, "alphabet": 1, "k": 1}),
}


@pytest.mark.parametrize(("of", "options"), CASES.values(), ids=CASES)
def test_all_forms_are_equal(of, options):
    found = round_trip(of, **options)
    names = [row.form for row in found.rows]
    assert all(row.equal for row in found.rows), [row for row in found.rows if not row.equal]
    assert len(names) == len(set(names)) == 13 + (names[0] == "solver of khop")
    assert [name.split(", ")[1] for name in names if name.startswith("transformer of")] == list(ROUTERS)
    assert ("checkpoint, stock gpt2" if of.causal else "checkpoint, stock bert") in names
    assert len(found.answers) == len(found.tokens)
    if of is ordered:
        assert (found.answers == np.sort(found.tokens)).all()
    if of is mirrored:
        assert (found.answers == found.tokens[::-1]).all()


def test_both_engines():
    engines = {"local": LocalEngine, "ray": lambda: RayEngine(workers=2)}
    found = round_trip(khop_rank, length=12, alphabet=3, k=3, engines=engines)
    assert found.equal and all(row.equal for row in found.rows)
    rounds = {row.form: row.rounds for row in found.rows if "protocol" in row.form}
    on_ray = [form for form in rounds if form.endswith(", ray")]
    assert len(on_ray) == 5
    assert all(rounds[form] == rounds[form.replace(", ray", ", local")] for form in on_ray)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("of", [khop_rank, khop_doubling])
def test_longer_ones(of, seed):
    for k in (1, 7, 16, 23):
        found = round_trip(of, length=100, alphabet=4, k=k, seed=seed, machines=6)
        assert all(row.equal for row in found.rows)


def test_figures():
    """Layers, rounds and machines of one case: what the theorems' functions say of it."""
    rows = {row.form: row for row in round_trip(khop_rank, length=24, alphabet=4, k=6).rows}
    rounds = rows["protocol of the program, local"].rounds
    assert rows["checkpoint, stock gpt2"].layers == rows["exact transformer, soft attention"].layers == 4
    assert rows["transformer of that protocol, sums"].layers == rounds  # machines are tokens: no init, no final
    assert rows["transformer of that protocol, dealing"].layers == 5 * rounds
    assert rows["protocol of the checkpoint, blocked, local"].rounds == 4
    assert rows["protocol of the checkpoint, faithful, local"].rounds == 4 * (2 * 3 + 2)  # 25 tokens, b = 4: D = 3


def test_a_form_that_differs_is_seen(monkeypatch):
    right = forms.logits
    monkeypatch.setattr(forms, "logits", lambda model, ids: -right(model, ids))
    found = round_trip(khop_rank, length=12, alphabet=3, k=2)
    assert not found.equal
    assert [row.form for row in found.rows if row.equal is False] == ["checkpoint, stock gpt2"]


def test_a_router_that_refuses_is_a_row(monkeypatch):
    def refuse(*given, router, **options):
        if router == "hashing":
            raise InputError("64 messages; hashing is built for 16")
        return simulate(*given, router=router, **options)

    simulate = forms.simulate
    monkeypatch.setattr(forms, "simulate", refuse)
    found = round_trip(khop_rank, length=12, alphabet=3, k=2)
    row = next(row for row in found.rows if "hashing" in row.form)
    assert row.equal is None and row.why_not == "64 messages; hashing is built for 16"
    assert found.equal and len(found.rows) == 14


def test_a_machine_for_each_pair_of_many_tokens_is_not_tried():
    found = round_trip(depth_of_bracket, length=200, alphabet=2)
    unrun = [row for row in found.rows if row.equal is None]
    assert [row.form for row in unrun] == [
        f"protocol of the {what}, faithful" for what in ("exact transformer", "checkpoint")
    ]
    assert unrun[0].why_not == "201 tokens take about 40,401 machines; it is run for 128 tokens at most"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"machines": 0}, InputError, "machines is 0"),
        ({"memory": 5}, SpecError, "local_memory = 5 is too small for khop_rank on 4 machines: give at least"),
        ({"header": 1}, InputError, "reads no first token"),
        ({"data": Symbols(np.array([0, 3]), 4)}, InputError, "the input's symbols are 0..3; there are 0..2"),
        ({"data": Symbols(np.zeros(13, int), 3)}, InputError, "the input has 13 symbols; the length is 12"),
        ({"data": Symbols(np.zeros(0, int), 3)}, InputError, "the input has 0 symbols"),
    ],
)
def test_what_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        round_trip(khop_rank, length=12, alphabet=3, k=2, **options)


def test_a_header_that_is_none():
    with pytest.raises(InputError, match=r"the first token's value is 4; of 3 values it is one of 0..2"):
        round_trip(khop_rank_any, length=12, alphabet=3, max_k=2, header_size=3, header=4)
