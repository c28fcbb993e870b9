"""A job as a transformer: its problem's protocol on its input, through attention, beside the engine's run."""

from __future__ import annotations

from contextlib import nullcontext

from logdepth.errors import InputError
from logdepth.jobs.job import Job, build_protocol, find_problem, naming
from logdepth.jobs.own_problem import blaming
from logdepth.mpc.engine import Progress
from logdepth.simulation.problem_to_transformer import SimulatedProblem, find_router, simulate
from logdepth.simulation.protocol_to_transformer import FORMS
from logdepth.simulation.rehearsal import rehearse


def transform_job(
    job: Job,
    *,
    random: int | None = None,
    edges: int | None = None,
    seed: int = 0,
    router: str = "sums",
    form: str = "looped",
    bounds: str = "rehearsal",
    progress: Progress | None = None,
) -> SimulatedProblem:
    """Read the job's input, or draw one of `random` rows, run it on an engine and through attention, and compare.

    Raises `InputError` for bad input and where the router can't serve the protocol's traffic, `MemoryExceeded` where a
    machine needs more than s words: before anything is built.

    >>> transform_job(Job("prefix-sum", "", machines=4, memory=64), random=20).equal
    True
    """
    find_router(router)
    if form not in FORMS:
        raise InputError(f"form is {form!r}; there are: {', '.join(FORMS)}")
    problem = find_problem(job.problem)
    with blaming(job.problem):
        if random is None:
            data = problem.input.read(job.given())
        else:
            data = problem.sample(random, edges=edges, k=16 if job.k is None else job.k, seed=seed)
    where = nullcontext() if random is not None else naming(job.source)
    with blaming(job.problem), where:
        config = problem.config(data)
        spec = job.spec_for(problem, config)
    protocol = build_protocol(job.problem, problem, spec, config)
    with blaming(job.problem), nullcontext() if random is not None else naming(job.source):
        inputs = problem.place(spec, data)
    with blaming(job.problem, rules=True):
        rehearsal = rehearse(protocol, inputs)
    with blaming(job.problem):
        return simulate(
            problem, data, protocol, inputs, rehearsal, router=router, form=form, bounds=bounds, progress=progress
        )
