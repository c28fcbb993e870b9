"""Plans calibrated on samples of a graph: predictions against runs, intervals, forms of the input, what is refused."""

from typing import Any

import numpy as np
import pytest

from logdepth.errors import InputError, SpecError
from logdepth.graphs.generating import Recipe, generate_parts
from logdepth.jobs import Job, run_job
from logdepth.jobs.like_plan import plan_like
from logdepth.jobs.quantities import Memory
from logdepth.mpc import LocalEngine
from logdepth.protocols import BUILT_IN

EDGES = 40_000
CLUSTER = {"machines": 16, "memory": Memory(10**6, in_bytes=False), "bandwidth": 1e9, "latency": 1e-3}
SHAPES = {
    "random": Recipe("random", EDGES * 2 // 5, EDGES, key=1),
    "grid": Recipe("grid", EDGES // 2, key=1),
    "path": Recipe("path", EDGES + 1, key=1),
    "shuffled path": Recipe("path", EDGES + 1, key=1, shuffled=True),
    "power law": Recipe("rmat", EDGES // 10, EDGES, key=1, shuffled=True),
    "star": Recipe("star", EDGES + 1, key=1),
}


def plan(source, name="connectivity", **options) -> Any:
    return plan_like(BUILT_IN[name], str(source), **{**CLUSTER, **options})


def save(folder, edges):
    folder.mkdir(exist_ok=True)
    np.save(folder / "edges.npy", np.stack(edges, axis=1))
    return folder


def ledger_of(source, name="connectivity", **options):
    job = Job(name, str(source), machines=16, memory=10**6, **options)
    return run_job(job, lambda: LocalEngine(kernels="numba")).run.ledger


@pytest.mark.parametrize("shape", SHAPES)
def test_samples_of_an_eighth_tell_rounds_and_words(tmp_path, shape):
    recipe = SHAPES[shape]
    generate_parts(recipe, tmp_path / "edges", parts=3, format="npy")
    found = plan(tmp_path / "edges", largest=recipe.num_edges // 8)
    ledger = ledger_of(tmp_path / "edges")
    seen, summary = found.like.calibration, ledger.summary()
    moved = summary["words_sent"] - summary["words_kept"]
    assert found.like.in_parts and seen.times == pytest.approx(8, rel=0.02)
    assert found.prediction.num_rounds == pytest.approx(ledger.num_rounds, rel=0.2)
    assert found.prediction.moved_words == pytest.approx(moved, rel=0.25)
    assert seen.rounds.low <= ledger.num_rounds <= seen.rounds.high
    assert seen.moved_words.low <= moved <= seen.moved_words.high
    assert found.prediction.num_rounds <= found.num_rounds_bound
    assert found.fits and found.like.seconds.low <= found.like.seconds.value <= found.like.seconds.high


@pytest.mark.parametrize(("name", "suffix"), [("connectivity", "parts"), ("connectivity", "txt"), ("msf", "csv")])
def test_a_small_input_is_run_itself(tmp_path, name, suffix):
    tail, head = Recipe("random", 400, 900, key=2).make(0, 900)
    if suffix == "parts":
        source = save(tmp_path / "edges", (tail, head))
    else:
        source, comma = tmp_path / f"edges.{suffix}", "," if suffix == "csv" else " "
        rows = zip(tail.tolist(), head.tolist(), range(900), strict=True)
        source.write_text("".join(comma.join(map(str, row)) + "\n" for row in rows))
    found, ledger = plan(source, name), ledger_of(source, name)
    summary, seen = ledger.summary(), found.like.calibration
    assert found.prediction.num_rounds == ledger.num_rounds and seen.kinds == ("all",)
    assert found.prediction.moved_words == summary["words_sent"] - summary["words_kept"]
    assert found.input_words == summary["input_words"] and found.num_rounds_bound == summary["num_rounds_bound"]
    assert seen.rounds.low == seen.rounds.high == ledger.num_rounds


@pytest.mark.parametrize("name", ["connectivity", "spanning-forest", "msf", "bipartiteness"])
def test_one_file_of_every_problem_on_graphs(tmp_path, name):
    tail, head = Recipe("grid", 1600, key=1).make(0, 3120)
    source = tmp_path / "grid.csv"
    rows = zip(tail.tolist(), head.tolist(), strict=True)
    source.write_text("".join(f"{a},{b},{a * b % 97}\n" for a, b in rows))
    found = plan(source, name, largest=1100)
    ledger = ledger_of(source, name)
    assert not found.like.in_parts and found.driver_bytes is None
    assert found.input_words == ledger.spec.num_words and found.num_rounds_bound == ledger.bound
    seen = found.like.calibration
    assert seen.rounds.low <= ledger.num_rounds <= seen.rounds.high


def test_a_long_chain_beside_is_run_by_itself(tmp_path):
    tail, head = SHAPES["random"].make(0, EDGES)
    path = np.arange(EDGES, EDGES + 2000)
    source = save(tmp_path / "edges", (np.r_[tail, 5, path], np.r_[head, EDGES, path + 1]))
    found, ledger = plan(source, largest=5000), ledger_of(source)
    seen = found.like.calibration
    assert found.prediction.num_rounds == pytest.approx(ledger.num_rounds, rel=0.2)
    assert seen.rounds.low <= ledger.num_rounds <= seen.rounds.high


def test_a_small_file_and_the_true_size(tmp_path):
    small = save(tmp_path / "small", SHAPES["path"].make(0, EDGES // 8))
    large = save(tmp_path / "large", SHAPES["path"].make(0, EDGES))
    found, ledger = plan(small, edges=EDGES, largest=EDGES // 8), ledger_of(large)
    assert found.input_words == 2 * EDGES and found.like.edges == EDGES
    assert found.like.vertices == pytest.approx(EDGES + 1, rel=0.01)
    assert found.prediction.num_rounds == pytest.approx(ledger.num_rounds, rel=0.2)
    said = plan(small, edges=EDGES, vertices=2 * EDGES, largest=EDGES // 8)
    assert said.input_words == 4 * EDGES and said.like.vertices == 2 * EDGES
    far = plan(small, vertices=10**9, edges=2 * 10**10, largest=2000, memory=Memory(10**11, in_bytes=False))
    assert far.like.calibration.times > 10**6


def test_a_thinned_file_says_what_it_cannot_show(tmp_path):
    tail, head = SHAPES["random"].make(0, EDGES // 8)
    found = plan(save(tmp_path / "thin", (tail, head)), edges=EDGES, vertices=EDGES * 2 // 5, largest=5000)
    ledger = ledger_of(save(tmp_path / "whole", SHAPES["random"].make(0, EDGES)), vertices=EDGES * 2 // 5)
    seen = found.like.calibration
    assert found.prediction.moved_words == pytest.approx(
        sum(r.words_sent - r.words_kept for r in ledger.rounds), rel=0.25
    )
    assert seen.rounds.high >= found.num_rounds_bound * 0.99 and "even share" in seen.notes[0]


def test_a_scattered_path_that_is_not_held_has_the_bound_for_an_interval(tmp_path):
    edges = np.random.default_rng(0).permutation(np.stack(SHAPES["path"].make(0, EDGES), axis=1)).T
    source = save(tmp_path / "edges", tuple(edges))
    held, not_held = plan(source, largest=2000), plan(source, largest=2000, most_edges=20_000)
    assert held.like.calibration.kinds == ("balls",)
    seen = not_held.like.calibration
    assert seen.rounds.high >= 0.99 * not_held.num_rounds_bound > 2 * held.like.calibration.rounds.high
    assert "no sample shows" in seen.notes[0]


def test_intervals_widen_with_the_distance(tmp_path):
    source = save(tmp_path / "edges", SHAPES["random"].make(0, EDGES))
    roomy = {"largest": 5000, "memory": Memory(10**9, in_bytes=False)}
    near, far = (plan(source, edges=times * EDGES, **roomy).like.calibration for times in (1, 1000))

    def width(estimate):
        return (estimate.high - estimate.low) / estimate.value

    assert width(far.moved_words) > 2 * width(near.moved_words) and width(far.rounds) > width(near.rounds)
    assert any("validated up to 8 times" in note for note in far.notes)


def test_names_and_seeds(tmp_path):
    tail, head = SHAPES["random"].make(0, 6000)
    for name, prefix in (("names.txt", "vertex-"), ("numbers.txt", "")):
        rows = (f"{prefix}{a:05} {prefix}{b:05}\n" for a, b in zip(tail.tolist(), head.tolist(), strict=True))
        (tmp_path / name).write_text("".join(rows))
    names, numbers = (plan(f"{tmp_path}/{name}*.txt", largest=700) for name in ("names", "numbers"))
    assert names.input_words == 2 * numbers.input_words  # two words a name
    assert names.prediction.num_rounds == pytest.approx(numbers.prediction.num_rounds, rel=0.2)
    again, other = (plan(f"{tmp_path}/numbers*.txt", largest=700, seed=seed) for seed in (0, 1))
    assert again.prediction.moved_words == numbers.prediction.moved_words != other.prediction.moved_words


def test_what_cannot_be_planned_for(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.md").write_text("1 2\n")
    (tmp_path / "none.txt").write_text("# nothing\n")
    good = save(tmp_path / "good", SHAPES["grid"].make(0, 5000))
    for source, name, match in [
        (tmp_path / "empty", "connectivity", "matches no file of edges"),
        (tmp_path / "notes.md", "connectivity", "unknown suffix"),
        (tmp_path / "absent.txt", "connectivity", "no such file"),
        (tmp_path / "none.txt", "connectivity", "no edges"),
        (good, "sort", "--like is for problems on graphs"),
        (good, "one-versus-two-cycle", "--like is for problems on graphs"),
        (good, "msf", "give one file"),
        ("-", "connectivity", "more than once"),
    ]:
        with pytest.raises(InputError, match=match):
            plan(source, name)
    with pytest.raises(SpecError, match="each needs at least"):
        plan(good, memory=Memory(100, in_bytes=False))
    for options in ({"machines": 0}, {"edges": 10**16}, {"largest": 3}, {"cores": 0}):
        with pytest.raises(InputError, match="must be"):
            plan(good, "connectivity", **options)
