"""Generated graphs: what they claim to be, the same bytes whoever makes them, whole or not at all."""

from __future__ import annotations

import json

import numpy as np
import pytest

from logdepth.errors import InputError, WriteError
from logdepth.graphs.generating import Recipe, generate_parts, parts


@pytest.mark.parametrize("vertices", range(1, 30))
def test_grid_path_and_star(vertices):
    def edges(kind):
        recipe = Recipe(kind, vertices)
        tail, head = recipe.make(0, recipe.num_edges)
        return list(zip(tail.tolist(), head.tolist(), strict=True))

    columns = int(np.sqrt(vertices))
    right = {(v, v + 1) for v in range(vertices - 1) if (v + 1) % columns}
    assert sorted(edges("grid")) == sorted(right | {(v, v + columns) for v in range(vertices - columns)})
    assert edges("path") == [(v, v + 1) for v in range(vertices - 1)]
    assert edges("star") == [(0, v) for v in range(1, vertices)]


@pytest.mark.parametrize("kind", ["random", "rmat"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_any_range_is_made_alone(kind, shuffled):
    recipe = Recipe(kind, 1000, 500, key=9, shuffled=shuffled)
    whole = np.stack(recipe.make(0, 500))
    assert whole.min() >= 0 and whole.max() < 1000
    np.testing.assert_array_equal(np.stack(recipe.make(123, 321)), whole[:, 123:321])
    assert (np.stack(Recipe(kind, 1000, 500, key=10).make(0, 500)) != whole).any()


def test_rmat_has_its_chances():
    recipe = Recipe("rmat", 32, 400_000, key=1, rmat=(0.5, 0.2, 0.2, 0.1))
    tail, head = recipe.make(0, recipe.num_edges)
    found = np.bincount(tail * 32 + head, minlength=1024).reshape(32, 32) / recipe.num_edges
    quadrants = wanted = np.array([[0.5, 0.2], [0.2, 0.1]])
    for _ in range(4):
        wanted = np.kron(wanted, quadrants)
    assert np.abs(found - wanted).max() < 5 * np.sqrt(wanted.max() / recipe.num_edges)


def test_random_is_even():
    tail, head = Recipe("random", 7, 70_000, key=2).make(0, 70_000)
    found = np.bincount(tail * 7 + head, minlength=49)
    assert ((found - 70_000 / 49) ** 2 / (70_000 / 49)).sum() < 90  # chi-squared, 48 degrees: beyond once in 4,000


def test_shuffled_is_a_bijection():
    for vertices in (1, 2, 3, 64, 65, 1000):
        recipe = Recipe("path", vertices, shuffled=True, key=5)
        ends = np.concatenate(recipe.make(0, recipe.num_edges))
        assert sorted(set(ends.tolist())) == list(range(vertices)) or vertices == 1


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("format", ["parquet", "text", "npy"])
def test_same_bytes_whatever_the_threads_and_after_a_kill(tmp_path, format, monkeypatch):
    if format == "parquet":
        pytest.importorskip("polars")
    recipe = Recipe("rmat", 300, 1000, key=4)
    generate_parts(recipe, tmp_path / "one", parts=7, format=format)
    generate_parts(recipe, tmp_path / "two", parts=7, format=format, threads=3)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")

    class Killed(BaseException):
        pass

    def stop(done, total):
        if done == 4:
            raise Killed

    with pytest.raises(Killed):
        generate_parts(recipe, tmp_path / "three", parts=7, format=format, progress=stop)
    assert not (tmp_path / "three").exists()
    made, write = [], parts._write
    monkeypatch.setattr(parts, "_write", lambda *given: (made.append(given[1]), write(*given)))
    generate_parts(recipe, tmp_path / "three", parts=7, format=format)
    assert contents(tmp_path / "one") == contents(tmp_path / "three") and len(made) <= 3
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_text_is_the_edges(tmp_path):
    recipe = Recipe("random", 2**40, 100, key=8)
    generate_parts(recipe, tmp_path / "e", parts=2, format="text")
    names = ("part-00000.txt", "part-00001.txt")
    rows = [line.split() for name in names for line in (tmp_path / "e" / name).read_text().splitlines()]
    assert np.array(rows, np.int64).T.tolist() == np.stack(recipe.make(0, 100)).tolist()
    manifest = json.loads((tmp_path / "e" / "logdepth.json").read_text())
    assert [part["edges"] for part in manifest["parts"]] == [50, 50] and manifest["graph"] == "random"


def test_refusals(tmp_path, monkeypatch):
    for given, message in [
        (("tree", 5), "no graph 'tree'"),
        (("random", 5), "random needs --edges"),
        (("path", 5, 4), "a path of 5 vertices has 4 edges; leave out --edges"),
        (("star", 0), "--vertices is 0"),
        (("rmat", 5, 5, 0, (0.5, 0.5, 0.5, -0.5)), "chances"),
    ]:
        with pytest.raises(InputError, match=message):
            Recipe(*given)
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "mine").write_text("")
    with pytest.raises(InputError, match="not empty"):
        generate_parts(Recipe("path", 5), tmp_path / "e")
    with pytest.raises(InputError, match="--parts is 0"):
        generate_parts(Recipe("path", 5), tmp_path / "f", parts=0)

    def full(recipe, first, last, path, format):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parts, "_write", full)
    with pytest.raises(WriteError, match="No space left"):
        generate_parts(Recipe("path", 5), tmp_path / "f", format="text")
    assert not (tmp_path / "f").exists()
