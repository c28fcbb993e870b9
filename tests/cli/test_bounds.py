"""Command `bounds`: JSON, the picture, and what is refused in one line."""

import json

import pytest

from logdepth.cli.main import main


def test_json(capsys):
    assert (
        main(["bounds", "--task", "khop", "--k", "16", "--length", "100", "--alphabet", "4", "--compile", "--json"])
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["depth_suffices"], found["compiled"]["layers"]) == ("suffices", 6, 6)
    assert all({"theorem", "value", "condition", "vacuous"} <= set(bound) for bound in found["bounds"])


def test_picture(tmp_path, capsys):
    out = tmp_path / "phase.png"
    arguments = ["bounds", "depth-width", "--task", "khop", "--length", "1e4", "--k", "32", "--heads", "1"]
    assert main([*arguments, "--constant", "Corollary 4.3=1/2", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert out.read_bytes()[:4] == b"\x89PNG"
    assert "impossible, under the one-versus-two-cycle conjecture (Corollary 4.3, constant 1/2)" in said
    assert "possible (khop_doubling)" in said and "impossible, unconditionally (one layer, one hop)" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--task khop --arch gnn --k 2 --length 9", "no bound speaks of gnn on khop; of that task they speak about"),
        ("--task khop --k 2", "khop needs --length"),
        ("depth-width --task khop --length 100", "give --out FILE.png for the picture, or --json"),
        ("depth-width --task khop --length 100 --out x.txt", "the name must end in .png, .svg or .pdf"),
        ("depth-width --task khop --length 100 --width 3 --out x.png", "--width is what the diagram draws"),
        ("--task khop --k 2 --length 9 --out x.png", "--out is for `bounds depth-width`"),
        ("--task khop --k 2 --length 9 --constant Lemma=3", "no bound on transformer for khop named 'Lemma'"),
        ("--task khop --arch rnn --k 2 --length 9 --compile", "by nothing that compiles"),
    ],
)
def test_refused(arguments, message, capsys):
    assert main(["bounds", *arguments.split()]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
