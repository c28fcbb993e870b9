"""A job on an input in parts: looked at, read, worked on and answered by the workers; the driver sees counts."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logdepth import __version__
from logdepth.errors import InputError, WriteError
from logdepth.files import check_new_folder, new_folder, own_folder, write_text_atomically
from logdepth.graphs.parts.listing import is_partitioned, kind_of
from logdepth.graphs.parts.survey import PartsSurvey, survey
from logdepth.mpc.checkpoint import Checkpoints
from logdepth.mpc.engine import Progress, Run
from logdepth.mpc.ledger import timed
from logdepth.mpc.watch import Watch
from logdepth.protocols import Problem
from logdepth.protocols.parted import AnswerPlace, Parted

if TYPE_CHECKING:
    from logdepth.jobs.job import Job

LARGE = 1 << 30  # bytes of one file from which on it is read in parts, whoever asks
MANIFEST = "logdepth.json"


@dataclass(frozen=True)
class AnswerWanted:
    """folder: a new one for the workers to write parts into, replaced if `force`. rows: all answers to the driver."""

    folder: Path | None = None
    force: bool = False
    rows: bool = False


@dataclass(frozen=True)
class FinishedInParts:
    """A run with what it ran on; as `Finished`, of which nothing is in this process but counts, or the rows wanted."""

    job: Job
    problem: Problem
    data: PartsSurvey
    run: Run

    def table(self) -> dict[str, Any]:
        """The result's columns, if the rows were wanted."""
        return _parted(self.problem).table(self.run.result)

    def facts(self) -> dict[str, Any]:
        """The result in a few numbers."""
        return _parted(self.problem).facts(self.run.result)


def is_parted(job: Job, problem: Problem, wanted: AnswerWanted) -> bool:
    """Whether the job is one in parts: its source names several files, or one of `LARGE`; its answer a folder.

    Raises `InputError` if it must be and the problem has no such form.
    """
    must = (
        job.ids is not None
        or wanted.folder is not None
        or (problem.input.option == "graph" and is_partitioned(job.source))
    )
    if must and problem.parted is None:
        what = "" if wanted.folder is None else f"{wanted.folder} is not a file: "
        raise InputError(f"{what}{problem.name} reads one file and answers in one; parts are for connectivity")
    if must or problem.parted is None:
        return must
    return kind_of(job.source) is not None and os.path.isfile(job.source) and os.path.getsize(job.source) >= LARGE


def run_in_parts(
    job: Job,
    problem: Problem,
    engine: Callable[[], Any],
    saves: Checkpoints | None,
    progress: Progress | None,
    wanted: AnswerWanted,
) -> FinishedInParts:
    """As `run_job`. Raises `InputError` for parts that cannot be read, `WriteError` where the answer cannot be written.

    The answer's folder appears whole, with a manifest, or not at all.
    """
    from logdepth.jobs.job import build_protocol

    parted = _parted(problem)
    if job.format is not None:
        raise InputError(f"--format {job.format} is for one file; of parts the suffixes say what they are")
    if job.source == "-" and saves is not None:
        raise InputError("standard input cannot be read again, so a run on it is not saved: write it to a file first")
    if wanted.folder is not None:
        check_new_folder(wanted.folder, force=wanted.force)
    driver: dict[str, float] = {}
    beside = saves.folder.absolute().parent if saves is not None else Path(tempfile.gettempdir())  # which all see
    made = engine()
    try:
        with own_folder(beside, ".logdepth-unpacked-") as unpacked:
            with timed(driver, "read: parts listed, looked at and counted"):
                found = survey(job.source, made.map, folder=str(unpacked), ids=job.ids)
            config = parted.config(found, job.vertices)
            spec = job.spec(problem.slack, parted.words(config))
            protocol = build_protocol(job.problem, replace(problem, protocol=parted.protocol), spec, config)
            inputs = parted.inputs(spec, found, job.vertices)
            if isinstance(progress, Watch):
                progress.enter("read")
            with new_folder(wanted.folder, force=wanted.force) if wanted.folder else nullcontext() as out:
                desk = None if out is None else _desk(out)
                outputs = parted.outputs(config, spec, AnswerPlace(None if desk is None else str(desk), wanted.rows))
                given = {"strict": job.strict, "progress": progress, "checkpoints": saves, "outputs": outputs}
                run = made.run(protocol, inputs, **given)
                if out is not None and desk is not None:
                    _hand_in(desk, out, [str(part["name"]) for part in run.result.parts])
                    facts = parted.facts(run.result)
                    about = {"kind": "labels", "problem": problem.name, "version": __version__, **facts}
                    content = {**about, "columns": list(problem.columns), "parts": list(run.result.parts)}
                    write_text_atomically(out / MANIFEST, json.dumps(content, indent=1) + "\n")
    finally:
        made.close()
    run.ledger.driver = {**driver, **run.ledger.driver}
    return FinishedInParts(job, problem, found, run)


def _desk(out: Path) -> Path:
    """Where workers write parts of the answer. If some are lost meanwhile others do it again, in other pieces."""
    desk = out / ".writing"
    try:
        desk.mkdir()
    except OSError as error:
        raise WriteError(f"cannot write {desk}: {error.strerror}", reason=str(error.strerror)) from error
    return desk


def _hand_in(desk: Path, out: Path, names: list[str]) -> None:
    """The parts that make up the answer, and nothing of what workers wrote that were lost, or still write."""
    for name in names:
        try:
            (desk / name).rename(out / name)
        except FileNotFoundError:
            raise InputError(
                f"{name}, which a worker wrote into {desk}, is not to be seen on host {socket.gethostname()}; all must "
                "see the same --out (a file system that the nodes share)"
            ) from None
    shutil.rmtree(desk)


def _parted(problem: Problem) -> Parted:
    assert problem.parted is not None
    return problem.parted
