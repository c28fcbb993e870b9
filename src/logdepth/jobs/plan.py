"""What a run would cost on machines nobody has here: a cost model calibrated from ledgers of small runs.

The model, for inputs of one shape (edges per vertex, say) on random data:
- rounds: `a + b log2 n`, fitted, b >= 0, times the rounds of one pass on the target's machines over those on the
  small ones (trees get deeper, reads may have to go by sorting);
- words on the busiest machine, words moved and local work: `a + b n + c n log2 n` with coefficients that are not
  negative, fitted to relative errors; on the busiest machine n is the input's share, and a pre-round's counts come on
  top;
- seconds: rounds * latency + busiest machine's bytes / bandwidth + words / (machines * words a second), the last
  measured here on one core.
What it does not know: other inputs than random ones (`like_plan.py` takes samples of one), stragglers, a network that
is slower for all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from logdepth.errors import InputError, SpecError
from logdepth.jobs.extrapolating import extrapolate
from logdepth.jobs.quantities import Memory
from logdepth.mpc.engine import LocalEngine
from logdepth.mpc.protocol import Choose, Local, Loop, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.spilling import driver_bytes, worker_bytes
from logdepth.protocols import Problem
from logdepth.protocols.inputs.input import Size
from logdepth.protocols.lookup import may_ask

if TYPE_CHECKING:
    from logdepth.jobs.like_plan import Likeness

MOST_INPUT = 10**15  # vertices, edges, numbers: words and sums over machines stay far below 2^63
MOST_MACHINES = 2**31 - 1  # that a run could have: offsets by machine are arrays in every engine


@dataclass(frozen=True)
class Measured:
    """One small run: its size and what its ledger said. Busiest: words of the busiest machine, added up over rounds."""

    size: int
    edges: int | None
    num_machines: int
    input_words: int
    num_rounds: int
    peak_words: int
    moved_words: int
    busiest_words: int
    kept_words: int
    seconds: float


@dataclass(frozen=True)
class Forecast:
    """The cost of a run that was not made. Words; seconds without latency and network unless they were given."""

    num_rounds: int
    peak_words: int
    moved_words: int
    busiest_words: int
    compute_seconds: float


def measure(
    problem: Problem, size: int, edges: int | None, num_machines: int, *, k: int = 16, repeats: int = 1
) -> Measured:
    """Run the problem on a random input of this size, on one core; the best of `repeats` for the seconds."""
    data = problem.sample(size, edges=edges, k=k)
    config = problem.config(data)
    if (sized := problem.input.sized(Size(size, edges, k))) != config:
        raise InputError(f"{problem.name}: of an input of this size `sized` says {sized}, and `config` {config}")
    words = problem.words(config)
    memory = max(-(-problem.slack * max(words, 64) // num_machines), 64 * problem.slack)
    spec = Spec(num_machines, memory, words)
    protocol, inputs = problem.protocol(spec, **config), problem.place(spec, data)
    runs = [LocalEngine(kernels="numba").run(protocol, inputs, strict=False).ledger for _ in range(repeats)]
    rows = runs[0].rounds
    return Measured(
        size=size,
        edges=edges,
        num_machines=num_machines,
        input_words=words,
        num_rounds=len(rows),
        peak_words=max(
            (max(row.max_words_held, row.max_words_sent, row.max_words_received) for row in rows), default=0
        ),
        moved_words=sum(row.words_sent - row.words_kept for row in rows),
        busiest_words=sum(
            max(row.max_words_sent, row.max_words_received) - row.words_kept // num_machines for row in rows
        ),
        kept_words=sum(row.words_kept for row in rows),
        seconds=min(sum(row.seconds for row in ledger.rounds) for ledger in runs),
    )


def pass_rounds(stages: Sequence[Stage], direct: bool) -> int:
    """Rounds of the stages if every loop runs to its bound and reads go directly, or by sorting."""
    total = 0
    for stage in stages:
        match stage:
            case Send():
                total += 1
            case Local():
                pass
            case Loop(body, bound):
                total += bound * pass_rounds(body, direct)
            case Choose(_, then, otherwise):
                total += pass_rounds(then if direct else otherwise, direct)
    return total


def predict(problem: Problem, rows: Sequence[Measured], target: Spec, words: int, config: dict[str, Any]) -> Forecast:
    """Extrapolate from small runs (at least two sizes of one shape) to `target`, an input of `words` words.

    `config`: of the largest small run; the rounds of a pass are compared on it.
    """
    logs = np.log2([row.input_words for row in rows])
    growth = np.polyfit(logs, [row.num_rounds for row in rows], 1)[0] if logs.min() < logs.max() else 0.0
    last = rows[-1]
    rounds = last.num_rounds + max(growth, 0.0) * max(np.log2(words) - logs[-1], 0.0)
    small = Spec(
        last.num_machines, max(problem.slack * -(-last.input_words // last.num_machines), 64 * problem.slack), 1
    )
    here = pass_rounds(problem.protocol(small, **config).stages, may_ask(small))
    there = pass_rounds(problem.protocol(target, **config).stages, may_ask(target))
    share = [row.input_words / row.num_machines for row in rows]
    sizes = [row.input_words for row in rows]
    more = max(target.num_machines - last.num_machines, 0)
    return Forecast(
        num_rounds=round(rounds * there / here) if here else there,
        peak_words=round(extrapolate(share, [row.peak_words for row in rows], words / target.num_machines)) + more,
        moved_words=round(extrapolate(sizes, [row.moved_words for row in rows], words)),
        busiest_words=round(extrapolate(share, [row.busiest_words for row in rows], words / target.num_machines)),
        compute_seconds=extrapolate(sizes, [row.seconds for row in rows], words) / target.num_machines,
    )


@dataclass(frozen=True)
class Plan:
    """A prediction against machines: see `logdepth plan`.

    driver_bytes, worker_bytes: what the processes of a run in parts take, a worker a machine; None where there is none.
    like: what was calibrated on a user's own input (`like_plan.py`), with intervals.
    """

    problem: str
    num_machines: int
    input_words: int
    word_bytes: int
    memory_words: int
    prediction: Forecast
    least_memory_words: int
    num_rounds_bound: int
    fits: bool
    latency_seconds: float
    network_seconds: float
    compute_seconds: float
    calibration: tuple[Measured, ...]
    driver_bytes: int | None
    worker_bytes: int | None
    like: Likeness | None = None

    @property
    def seconds(self) -> float:
        return self.latency_seconds + self.network_seconds + self.compute_seconds

    def to_json(self) -> dict[str, Any]:
        return {**asdict(replace(self, like=None)), "seconds": self.seconds} | (
            {"like": self.like.to_json()} if self.like else {}
        )


def plan(
    problem: Problem,
    size: int,
    *,
    edges: int | None = None,
    machines: int,
    memory: Memory,
    bandwidth: float,
    latency: float,
    cores: int = 1,
    k: int = 16,
    calibration_words: int = 2_000_000,
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """What `problem` on `size` vertices (numbers, tokens) would cost. bandwidth: bytes a second and machine.

    Memory in bytes is counted in words of 4 bytes where vertices fit 32 bits, else of 8. Runs three small inputs of the
    same shape here first, the largest of about `calibration_words` words. Raises `InputError` if the machines cannot
    hold even the input, or a number is out of range: sizes up to `MOST_INPUT`, machines up to `MOST_MACHINES`.
    """
    for name, value, least in (("size", size, 1), ("edges", edges or 0, 0), ("cores", cores, 1), ("k", k, 0)):
        if not least <= value <= MOST_INPUT:
            raise InputError(f"{name} is {value:,}; it must be {least} to {MOST_INPUT:,}")
    if machines > MOST_MACHINES:
        raise InputError(f"machines is {machines:,}; it must be at most {MOST_MACHINES:,}")
    full = problem.input.sized(Size(size, edges, k))
    words = problem.words(full)
    word_bytes = problem.input.word_bytes(size)
    local_memory = memory.words(word_bytes)
    target = Spec(machines, local_memory, words)
    scale = max(1.0, words / calibration_words)
    small_machines = min(machines, 1024)  # how often machines share a vertex depends on it
    rows = []
    for index, part in enumerate((4, 2, 1)):
        if progress:
            progress(index, 3)
        shrunk = max(int(size / scale / part), 64)
        small_edges = None if edges is None else max(int(edges / scale / part), 1)
        rows.append(measure(problem, shrunk, small_edges, small_machines, k=k))
    config = problem.input.sized(Size(rows[-1].size, rows[-1].edges, k))
    try:
        bound = problem.protocol(target, **full).num_rounds
    except SpecError:
        raise SpecError(
            f"{machines:,} machines of {local_memory:,} words are too small for {problem.name}: "
            f"each needs at least {problem.least_memory(target, full):,} words"
        ) from None
    found = predict(problem, rows, target, words, config)
    least = max(found.peak_words, problem.least_memory(target, full))
    return Plan(
        problem=problem.name,
        num_machines=machines,
        input_words=words,
        word_bytes=word_bytes,
        memory_words=local_memory,
        prediction=found,
        least_memory_words=least,
        num_rounds_bound=bound,
        fits=least <= local_memory,
        latency_seconds=found.num_rounds * latency,
        network_seconds=found.busiest_words * word_bytes / bandwidth,
        compute_seconds=found.compute_seconds / cores,
        calibration=tuple(rows),
        driver_bytes=driver_bytes(words, machines) if problem.parted else None,
        worker_bytes=worker_bytes(words, machines) if problem.parted else None,
    )
