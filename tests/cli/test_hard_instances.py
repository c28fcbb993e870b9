"""Command `hard-instance`: a file whole or none, and what is refused."""

import json

import numpy as np
import pytest

from logdepth.cli.main import main


def test_a_file(tmp_path, capsys):
    out = tmp_path / "data.npz"
    arguments = ["hard-instance", "pointer-chasing", "--players", "6", "--size", "1000", "--out", str(out)]
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["shapes"]["matchings"] == [1, 6, 1000]
    with np.load(out) as data:
        vertex = int(data["start"][0])
        for matching in data["matchings"][0]:
            vertex = matching[vertex]
        assert data["in_first"][0][vertex] == data["answer"][0]
    assert main(arguments) == 2 and "give --force" in capsys.readouterr().err
    assert main([*arguments, "--as", "hops", "--segment", "2048", "--count", "2", "--force"]) == 0
    assert "tokens: 2x12288" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("pointer-chase --size 4", "did you mean pointer-chasing?"),
        ("pointer-chasing --size 5", "a layer of 5 vertices has no two halves"),
        ("pointer-chasing --size 4 --copies 2", "pointer-chasing takes no --copies"),
        ("one-vs-two-cycle --size 7", "give 1 or 2 cycles, and an even number of vertices"),
        ("subgraph-connectivity --size 100 --as hops", "has no form 'hops'; there are: graph"),
        ("subgraph-connectivity --size 100 --count 0", "count is 0; it must be at least 1"),
    ],
)
def test_refused(arguments, message, tmp_path, capsys):
    out = tmp_path / "data.npz"
    assert main(["hard-instance", *arguments.split(), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not out.exists()
