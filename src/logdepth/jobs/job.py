"""A job: which problem, on which file, on which machines. `run_job` runs it, `resume_job` goes on with it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from logdepth.errors import InputError, SpecError
from logdepth.jobs.own_problem import blaming, own_problem, with_digest
from logdepth.jobs.parted_job import AnswerWanted, FinishedInParts, is_parted, run_in_parts
from logdepth.jobs.settings import Settings
from logdepth.memory import check_room
from logdepth.mpc.checkpoint import Checkpoints, read_manifest
from logdepth.mpc.engine import LocalEngine, Progress, Run
from logdepth.mpc.ledger import timed
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.spec import Spec
from logdepth.protocols import BUILT_IN, Problem
from logdepth.protocols.inputs.input import Source
from logdepth.user_file import in_file

MACHINE_BYTES = 128  # of an engine's memory for a machine that holds nothing: offsets and counts


@dataclass(frozen=True)
class Job:
    """What determines a run's result and ledger; the engine does not.

    source: the input's path. delta, or machines and memory (words a machine), or one of these two: the spec.
    strict: whether exceeding `memory` stops the run. The rest are options of single kinds of problems; of programs:
    `parameters` as NAME=VALUE, k too, the header and how many there are. ids: of parts, "whole" or "names".
    """

    problem: str
    source: str
    delta: float | None = None
    gamma: float = 0.0
    machines: int | None = None
    memory: int | None = None
    strict: bool = True
    format: str | None = None
    vertices: int | None = None
    unweighted: bool = False
    k: int | None = None
    power: int | None = None
    symbols: str | None = None
    alphabet: int | None = None
    parameters: tuple[str, ...] = ()
    header: int | None = None
    headers: int = 0
    ids: str | None = None

    @property
    def settings(self) -> Settings:
        """What was said about a program."""
        return Settings(tuple(self.parameters), self.k, self.header, self.headers)

    def given(self) -> Source:
        """The input's path and what was said about it."""
        options = {field.name: getattr(self, field.name) for field in fields(Source) if field.name != "path"}
        return Source(self.source, **options)

    def spec_for(self, problem: Problem, config: Mapping[str, Any]) -> Spec:
        """The machines for an input of this config; if nothing was said about them, with the memory that is needed."""
        spec = self.spec(problem.slack, problem.words(config))
        said = (self.delta, self.machines, self.memory)
        return problem.with_room(spec, config) if said == (None, None, None) else spec

    def spec(self, slack: int, words: int) -> Spec:
        """The machines for an input of so many words, of a problem with this slack.

        Raises `InputError` if delta comes with machines or memory, or a number is out of range.
        """
        if self.machines is None and self.memory is None:
            delta = 0.5 if self.delta is None else self.delta
            return Spec.from_delta(words, delta, gamma=self.gamma, slack=slack)
        if self.delta is not None:
            raise InputError("give --delta, or --machines and --memory, not both")
        for name in ("machines", "memory"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"--{name} is {value}; it must be at least 1")
        total = slack * max(words, 64)
        if self.machines is None:
            assert self.memory is not None
            return Spec(-(-total // self.memory), self.memory, words)
        memory = self.memory if self.memory is not None else max(-(-total // self.machines), 64 * slack)
        return Spec(self.machines, memory, words)


@dataclass(frozen=True)
class Finished:
    """A run with what it ran on."""

    job: Job
    problem: Problem
    data: Any
    run: Run

    def table(self) -> dict[str, Any]:
        """The result's columns, with the input's own ids. The driver's work: its seconds are in the ledger."""
        with blaming(self.job.problem), timed(self.run.ledger.driver, self.problem.label("table")):
            return self.problem.table(self.data, self.run.result)

    def facts(self) -> dict[str, Any]:
        """The result in a few numbers. The driver's work, as `table`."""
        with blaming(self.job.problem), timed(self.run.ledger.driver, self.problem.label("facts")):
            return self.problem.facts(self.data, self.run.result)


def find_problem(name: str, settings: Settings | None = None) -> Problem:
    """A built-in problem, or a program with these settings; or a user's own, `FILE.py:NAME`.

    Raises `InputError` with near names.
    """
    settings = settings or Settings()
    if own := in_file(name):
        return own_problem(*own, settings)
    if name in BUILT_IN:
        return settings.refused_by(BUILT_IN[name])
    from logdepth.programs import BUILT_IN as PROGRAMS  # loads what compiles
    from logdepth.programs import find_stated

    if name in PROGRAMS:
        return settings.problem(PROGRAMS[name])
    if found := find_stated(name):
        said = (f"{each}={value}" for each, value in found[1].items())
        return replace(settings, parameters=(*said, *settings.parameters)).problem(found[0].programs[0])
    near = difflib.get_close_matches(name, [*BUILT_IN, *PROGRAMS], 3, 0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join([*BUILT_IN, *PROGRAMS])}"
    raise InputError(f"there is no problem {name!r}; {hint} (a problem of your own: FILE.py:PROBLEM)")


def build_protocol(name: str, problem: Problem, spec: Spec, config: dict[str, Any]) -> Protocol:
    """The protocol for these machines. Raises `SpecError`, with the least memory, where they are too small for it."""
    check_room(f"a run on {spec.num_machines:,} machines", MACHINE_BYTES * spec.num_machines)
    try:
        with blaming(name):
            return with_digest(name, problem.protocol(spec, **config))
    except SpecError:
        raise SpecError(
            f"local_memory = {spec.local_memory:,} is too small for {problem.name} on {spec.num_machines:,} machines: "
            f"give at least {problem.least_memory(spec, config):,} words a machine (--memory, or a larger --delta)"
        ) from None


def run_job(
    job: Job,
    engine: Callable[[], Any] = LocalEngine,
    *,
    checkpoint: Path | None = None,
    every: int | None = None,
    warn: Callable[[str], None] = lambda message: None,
    progress: Progress | None = None,
    wanted: AnswerWanted | None = None,
) -> Finished | FinishedInParts:
    """Read the input, run the protocol, return result and ledger.

    `engine()` makes the engine, after the input has been read. `checkpoint`: a folder for checkpoints; one of the
    same job in it is taken up. wanted: of an input in parts, where the answer goes; rows are wanted if nothing is said.
    Raises `InputError` for bad input, `MemoryExceeded` in a strict run.
    """
    wanted = wanted or AnswerWanted(rows=True)
    if checkpoint is None:
        return _run(job, engine, None, progress, wanted)
    saves = Checkpoints(checkpoint, every=every, context={"job": asdict(job)}, warn=warn)
    with saves.lock():
        return _run(job, engine, saves, progress, wanted)


def _run(
    job: Job,
    engine: Callable[[], Any],
    saves: Checkpoints | None,
    progress: Progress | None,
    wanted: AnswerWanted,
) -> Finished | FinishedInParts:
    problem = find_problem(job.problem, job.settings)
    if is_parted(job, problem, wanted):
        return run_in_parts(job, problem, engine, saves, progress, wanted)
    driver: dict[str, float] = {}
    with timed(driver, f"read: {problem.input.parsed}"), blaming(job.problem):
        data = problem.input.read(job.given())
    with blaming(job.problem), naming(job.source):
        config = problem.config(data)
    with blaming(job.problem):
        spec = job.spec_for(problem, config)
    protocol = build_protocol(job.problem, problem, spec, config)
    with blaming(job.problem), naming(job.source), timed(driver, problem.label("place")):
        inputs = problem.place(spec, data)
    made = engine()
    try:
        with blaming(job.problem, rules=True):
            run = made.run(protocol, inputs, strict=job.strict, progress=progress, checkpoints=saves)
    finally:
        made.close()
    run.ledger.driver = {**driver, **run.ledger.driver}
    return Finished(job, problem, data, run)


def lasting_source(source: str) -> str:
    """The source as a later `resume`, called from elsewhere, finds it: an absolute path; a URL and `-` as they are."""
    return source if source == "-" or "://" in source else os.path.abspath(source)


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Errors say in which file it is."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def resume_job(
    folder: Path, engine: Callable[[], Any] = LocalEngine, *, source: str | None = None, **options: Any
) -> Finished | FinishedInParts:
    """Go on with a job from its checkpoint folder, on any engine and number of workers.

    `source`: where the input is now, if it moved; its contents must be the same. Other options as `run_job`'s.
    Raises `InputError` if the folder holds no checkpoint, or one of another version or input.
    """
    saved = read_manifest(folder)["context"].get("job")
    if not isinstance(saved, dict):
        raise InputError(f"{folder} was not written by `logdepth run`; resume it from Python, with its protocol")
    unknown = set(saved) - {field.name for field in fields(Job)}
    if unknown:
        raise InputError(f"{folder} was written by another version of logdepth: it has {', '.join(sorted(unknown))}")
    job = Job(**{**saved, **({"source": lasting_source(source)} if source else {})})
    return run_job(job, engine, checkpoint=folder, **options)
