"""Programs as jobs: `logdepth run FILE.py:program` and `logdepth run khop_rank`, resumed, planned, refused."""

import json

import numpy as np
import pytest

from logdepth.cli.main import main
from logdepth.errors import InputError
from logdepth.jobs import Job, resume_job, run_job
from logdepth.mpc import LocalEngine
from logdepth.tasks.khop import solve

OWN = """
from logdepth.lang import Header, Position, Symbol, at, count, last, program, select, theirs
from logdepth.programs import khop_rank
from logdepth.protocols.prefix_sums import PREFIX_SUM


@program
def partner(x: Symbol, position: Position):
    depth = count(where=theirs(x) == 0) - count(where=theirs(x) == 1)
    opened = last(where=(theirs(x) == 0, theirs(depth) == depth + 1))
    return select(x == 1, opened.read(position), 0)


@program
def delayed(x: Symbol, position: Position, by: int = 1):
    return at(position - by).read(x)


@program
def mark(x: Symbol, which: Header):
    return select(x == at(0).read(which), 1, 0)
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "one.py").write_text(
        OWN[: OWN.index("@program\ndef delayed")].replace("import PREFIX_SUM", "import prefix_sums")
    )
    (tmp_path / "brackets.txt").write_text("(()())\n")
    (tmp_path / "genome.fasta").write_text(">one\nGATTACA\nGATTACA\n")
    (tmp_path / "headed.txt").write_text("<2>banana\n")
    np.save(tmp_path / "ids.npy", np.array([0, 1, 2, 1, 0, 2, 1]))
    return tmp_path


def run(capsys, *arguments):
    status = main(["run", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("name", ["own.py:partner", "one.py"])
def test_a_program_of_ones_own(here, capsys, name):
    status, out, err = run(capsys, name, "--input", "brackets.txt", "--machines", 3, "--memory", 2000, "--out", "a.csv")
    assert (status, err) == (0, "")
    assert "rounds    15 " in out and "written   a.csv: index, answer" in out
    rows = (here / "a.csv").read_text().split()
    assert rows == ["index,answer", "0,0", "1,0", "2,2", "3,0", "4,4", "5,1"]


def test_answers_that_are_symbols_have_their_names(here, capsys):
    arguments = ["--input", "genome.fasta", "--symbols", "ACGT", "--set", "by=3", "--out", "a.csv", "--json"]
    status, out, _ = run(capsys, "own.py:delayed", *arguments)
    found = json.loads(out)
    assert status == 0 and found["problem"] == "delayed"
    assert found["result"] == {"positions": 14, "defined": 11, "last": "T"}
    assert [line.split(",")[1] for line in (here / "a.csv").read_text().split()[1:]] == ['""'] * 3 + [*"GATTACAGATT"]


def test_token_ids(here, capsys):
    status, out, _ = run(
        capsys, "khop_rank", "--input", "ids.npy", "--k", 1, "--alphabet", 4, "--out", "a.npz", "--json"
    )
    assert status == 0 and json.loads(out)["result"]["last"] == "0"
    want = solve(np.load("ids.npy")[None], 1, 4)[0]
    assert np.load("a.npz")["answer"].tolist() == want.tolist()


@pytest.mark.parametrize(
    "arguments", [["banana.txt", "--header", "2"], ["headed.txt"], ["headed.txt", "--header", "1", "--headers", "3"]]
)
def test_a_first_token_given_or_in_the_file(here, capsys, arguments):
    (here / "banana.txt").write_text("banana\n")
    status, _, err = run(capsys, "own.py:mark", "--input", *arguments, "--out", "a.csv")
    assert (status, err) == (0, "")
    assert [line[-1] for line in (here / "a.csv").read_text().split()[1:]] == [*"001010"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["khop_rank"], "program khop_rank needs the parameter k"),
        (["khop_rank", "--k", "2", "--set", "k=2"], "--k 2 and --set k=2: give one of them"),
        (["khop_rank", "--k", "2", "--set", "j=2"], "program khop_rank has no parameter j; it takes k"),
        (["khop_rank", "--k", "2", "--header", "1"], "program khop_rank takes no header; leave it"),
        (
            ["khop_rank", "--k", "2", "--machines", "4", "--memory", "9"],
            "too small for khop_rank on 4 machines: give",
        ),
        (["khop_rnk"], "there is no problem 'khop_rnk'; did you mean khop_rank"),
        (["own.py:partnr"], "own.py has no problem 'partnr'; did you mean partner? (there: PREFIX_SUM, partner, "),
        (["own.py:at"], "own.py:at is a function, not a Problem or program; there: PREFIX_SUM, partner, delayed, mark"),
        (["own.py:mark"], "program mark takes a header; give it (header, --header)"),
        (["own.py:delayed", "--set", "by"], "--set by: write NAME=VALUE"),
        (["sort", "--set", "k=2"], "sort takes no --set: that is for programs"),
        (["sort", "--header", "0"], "sort takes no --header: that is for programs"),
        (["own.py:PREFIX_SUM", "--headers", "2"], "prefix-sum takes no --headers: that is for programs"),
    ],
)
def test_what_is_refused(here, capsys, arguments, message):
    status, out, err = run(capsys, *arguments, "--input", "genome.fasta", "--out", "a.csv")
    assert (status, out) == (2, "") and err.count("\n") == 1 and message in err
    assert not (here / "a.csv").exists()


class _Stopped(BaseException):
    """As an interrupt is, nobody's mistake."""


def _stop(rounds, bound):
    if rounds == 4:
        raise _Stopped


@pytest.mark.parametrize(
    "options", [{"problem": "khop_rank", "k": 9}, {"problem": "own.py:delayed", "parameters": ("by=2",)}]
)
def test_resumed_where_it_stopped(here, options):
    job = Job(source="genome.fasta", machines=4, memory=3000, symbols="ACGT", **options)
    whole = run_job(job).run
    with pytest.raises(_Stopped):
        run_job(job, checkpoint=here / "saved", every=2, progress=_stop)
    run = resume_job(here / "saved", lambda: LocalEngine(threads=2)).run
    assert (run.result == whole.result).all() and run.ledger.without_clock() == whole.ledger.without_clock()


def test_another_version_of_the_file_is_not_resumed(here):
    job = Job("own.py:delayed", "genome.fasta", machines=4, memory=3000)
    with pytest.raises(_Stopped):
        run_job(job, checkpoint=here / "saved", every=2, progress=_stop)
    (here / "own.py").write_text(OWN.replace("position - by", "position - by - 1"))
    with pytest.raises(InputError, match="another"):
        resume_job(here / "saved")


def test_planned(here, capsys):
    arguments = ["--size", "1e6", "--machines", "100", "--memory", "1GiB", "--json"]
    assert main(["plan", "khop_rank", "--k", "3", *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["problem"] == "khop_rank" and found["fits"] and found["prediction"]["num_rounds"] == 4 * 5
    assert main(["plan", "own.py:mark", "--header", "1", *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["prediction"]["num_rounds"] == 2 + 5
    assert main(["plan", "khop_rank", *arguments]) == 2
