"""Samples of graphs: balls keep lengths and say what they lose, edges keep degrees; pools of what is not held whole."""

import numpy as np
import pytest

from logdepth.graphs.generating import Recipe, generate_parts
from logdepth.graphs.graph import graph_from_edges
from logdepth.graphs.parts import survey
from logdepth.graphs.samples import draw_edges, draw_samples, grow_ball, pool_of_graph, read_pools, thinned
from logdepth.graphs.samples.spheres import grows, spheres


@pytest.fixture(scope="module", autouse=True)
def reader():
    """In place of this folder's, which has everything read twice: what is read here is not the point."""


def pools_of(kind, vertices, edges=None, shuffled=False, key=3):
    recipe = Recipe(kind, vertices, edges, key=key, shuffled=shuffled)
    return pool_of_graph(graph_from_edges(*recipe.make(0, recipe.num_edges)))


def rng():
    return np.random.default_rng(7)


def degrees_of(sample):
    return np.unique(np.concatenate([sample.tail, sample.head]), return_counts=True)[1]


@pytest.mark.parametrize("shuffled", [False, True])
def test_balls_of_a_path_are_paths(shuffled):
    pool = pools_of("path", 5000, shuffled=shuffled).spread
    for ball in grow_ball(pool, [40, 400], rng()):
        count = degrees_of(ball)
        assert sorted(count)[:2] == [1, 1] and set(count[count > 1]) == {2}
        assert ball.num_edges == len(count) - 1
        assert ball.cut == 2 / ball.num_edges
        assert (np.diff(ball.rows) > 0).all()


def test_a_ball_holds_every_edge_among_its_vertices():
    pool = pools_of("random", 300, 900).spread
    small, large = grow_ball(pool, [100, 400], rng())
    for ball in (small, large):
        inside = np.zeros(pool.num_vertices, bool)
        inside[ball.tail] = inside[ball.head] = True
        assert ball.rows.tolist() == np.flatnonzero(inside[pool.tail] & inside[pool.head]).tolist()
        left = np.count_nonzero(inside[pool.tail] != inside[pool.head])
        assert ball.cut == pytest.approx(left / ball.num_edges)
    assert set(small.rows) <= set(large.rows)


def test_balls_go_on_in_other_components():
    tails = np.arange(1000)
    pool = pool_of_graph(graph_from_edges(2 * tails, 2 * tails + 1)).spread
    (ball,) = grow_ball(pool, [300], rng())
    assert ball.num_edges == 300 and ball.cut == 0


def test_edges_of_a_star_are_a_star():
    sample = draw_edges(pools_of("star", 4001, shuffled=True).spread, 500, rng())
    assert sorted(degrees_of(sample)) == [1] * 500 + [500] and sample.merged == 1


@pytest.mark.parametrize(("kind", "vertices"), [("random", 8000), ("rmat", 4096)])
def test_edges_keep_the_degrees_of_the_input(kind, vertices):
    pool = pools_of(kind, vertices, 20_000).spread
    sample, full = degrees_of(draw_edges(pool, 2500, rng())), pool.degree
    assert len(sample) == pytest.approx(len(full) / 8, rel=0.05)
    for share in (0.25, 0.5, 0.75, 0.9):
        assert np.quantile(sample, share) == pytest.approx(np.quantile(full, share), rel=0.2, abs=1)
    alone = degrees_of_alone(pool, 2500)
    assert abs(np.mean(alone) - np.mean(full)) > 4 * abs(np.mean(sample) - np.mean(full))


def degrees_of_alone(pool, size):
    rows = rng().choice(pool.num_edges, size, replace=False)
    return np.unique(np.concatenate([pool.tail[rows], pool.head[rows]]), return_counts=True)[1]


@pytest.mark.parametrize(
    ("kind", "vertices", "edges", "shuffled", "kinds"),
    [
        ("path", 20_000, None, False, ["balls"]),
        ("path", 20_000, None, True, ["balls"]),
        ("grid", 10_000, None, True, ["balls"]),
        ("random", 8000, 20_000, False, ["edges"]),
        ("rmat", 2000, 20_000, True, ["edges"]),
        ("star", 20_000, None, True, ["edges"]),
    ],
)
@pytest.mark.parametrize("part", [8, 2])
def test_what_balls_lose_says_which_samples_count(kind, vertices, edges, shuffled, kinds, part):
    pools = pools_of(kind, vertices, edges, shuffled)
    total = pools.spread.total
    drawn = draw_samples(pools, total, rng(), largest=total // part, least=256)
    assert list(drawn.kinds) == kinds and not drawn.unseen
    sizes = [sample.num_edges for sample, _ in drawn.samples]
    assert max(sizes) == pytest.approx(total // part, rel=0.02) and len(sizes) % 3 == 0


def test_small_components_are_seen_by_balls():
    tails = np.arange(20_000)
    pools = pool_of_graph(graph_from_edges(tails + tails // 9, tails + tails // 9 + 1))
    assert draw_samples(pools, 20_000, rng(), largest=2500, least=256).kinds == {"balls": 1}


def test_an_input_of_two_kinds_counts_both():
    random = Recipe("random", 8000, 20_000, key=1).make(0, 20_000)
    path = np.arange(8000, 28_000)
    pools = pool_of_graph(graph_from_edges(np.r_[random[0], path], np.r_[random[1], path + 1]))
    drawn = draw_samples(pools, 40_000, rng(), largest=5000, least=256)
    assert list(drawn.kinds) == ["balls", "edges"] and "parts of the input differ" in drawn.notes[0]
    assert drawn.apart and 0.2 < drawn.kinds["balls"] < 0.8
    paths = [sample for sample, _ in drawn.samples if sample.how == "balls"]
    assert paths and all(sample.cut < 0.1 for sample in paths)


def test_the_longest_chain_is_a_sample_where_edges_count():
    tail, head = Recipe("random", 8000, 20_000, key=1).make(0, 20_000)
    path = np.arange(8000, 8200)
    edges = np.r_[tail, 5, path], np.r_[head, 8000, path + 1]
    drawn = draw_samples(pool_of_graph(graph_from_edges(*edges)), 20_201, rng(), largest=2500, least=256)
    (chain,) = [sample for sample, _ in drawn.samples if sample.how == "chain"]
    assert chain.num_edges == 200 and "200 edges" in drawn.notes[-1] and list(drawn.kinds) == ["edges"]


def in_turn(work, items):
    return [work(item) for item in items]


def read(folder, **options):
    found = survey(str(folder), in_turn, folder=str(folder), rows=1500)
    return read_pools(found, rng(), **options)


@pytest.mark.parametrize("format", ["npy", "text", "parquet"])
def test_pools_of_an_input_that_is_not_held(tmp_path, format):
    generate_parts(Recipe("random", 8000, 20_000, key=1), tmp_path / "edges", parts=3, format=format)
    whole = read(tmp_path / "edges")
    assert whole.whole and whole.spread.num_edges == 20_000
    pools = read(tmp_path / "edges", most_edges=8000)
    spread, runs = pools.spread, pools.runs
    assert spread.num_edges == pytest.approx(4000, rel=0.1) and runs.num_edges == 4000
    assert spread.total == runs.total == 20_000 and not pools.whole
    for pool in (spread, runs):  # degrees are those of the whole input
        true = dict(zip(whole.spread.ids[0].tolist(), whole.spread.degree.tolist(), strict=True))
        assert pool.degree.tolist() == [true[vertex] for vertex in pool.ids[0].tolist()]
    assert spread.vertices_of_input() == pytest.approx(whole.spread.num_vertices, rel=0.05)
    assert grows(list(pools.spheres))
    assert draw_samples(pools, 20_000, rng(), largest=1000, least=256).kinds == {"edges": 1}


def test_runs_of_a_path_in_order_have_balls_and_scattered_ones_none(tmp_path):
    ends = np.stack([np.arange(20_000), np.arange(1, 20_001)], axis=1)
    for name, edges in (("order", ends), ("scattered", rng().permutation(ends))):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "edges.npy", edges)
    drawn = draw_samples(read(tmp_path / "order", most_edges=8000), 20_000, rng(), largest=900, least=256)
    assert drawn.kinds == {"balls": 1}
    pools = read(tmp_path / "scattered", most_edges=8000)
    assert pools.covered < 0.6 and pools.spheres[0] > 60
    assert all(size <= 2 * pools.spheres[0] for size in pools.spheres)
    drawn = draw_samples(pools, 20_000, rng(), largest=900, least=256)
    assert drawn.unseen and "no sample shows" in drawn.notes[0]


def test_names_are_pooled_like_numbers(tmp_path):
    generate_parts(Recipe("random", 3000, 6000, key=1), tmp_path / "whole", parts=2, format="text")
    for path in (tmp_path / "whole").glob("*.txt"):
        rows = [line.split() for line in path.read_text().splitlines()]
        (tmp_path / path.name).write_text("".join(f"vertex-{a:>06} vertex-{b:>06}\n" for a, b in rows))
    found = survey(f"{tmp_path}/*.txt", in_turn, folder=str(tmp_path), text_bytes=10_000)
    names, numbers = read_pools(found, rng(), most_edges=2000), read(tmp_path / "whole", most_edges=2000)
    assert names.spread.ids.shape[0] == 2
    assert names.spread.degree.tolist() == numbers.spread.degree.tolist()
    assert names.spread.tail.tolist() == numbers.spread.tail.tolist()


def test_a_thinned_file_is_made_as_dense_as_was_said():
    thin = thinned(pools_of("random", 16_000, 5000), 40_000, 16_000)
    sample = draw_edges(thin.spread, 2500, rng())
    assert len(degrees_of(sample)) == pytest.approx(16_000 * 2500 / 40_000, rel=0.05)
    assert draw_samples(thin, 5000, rng(), largest=2500, least=256).unseen


def test_spheres_of_a_grid_do_not_grow():
    recipe = Recipe("grid", 250_000, key=1)
    edges = recipe.make(0, recipe.num_edges)
    found = spheres(lambda: [edges], np.array([125_250]))
    assert found == [1, 4, 8, 12, 16, 20, 24] and not grows(found)
