"""`logdepth plan --like`: a plan calibrated on samples of the user's own input, with intervals.

Samples of growing sizes (`graphs/samples`) are run here as `run` would run the input (`likeness.py`), and what they
cost is extrapolated (`calibrating.py`). An input that is small enough is run itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from logdepth.errors import InputError
from logdepth.jobs.calibrating import SHAPES, VALIDATED, Calibration, Estimate, calibrate
from logdepth.jobs.likeness import open_like
from logdepth.jobs.plan import MOST_INPUT, MOST_MACHINES, Forecast, Plan
from logdepth.jobs.quantities import Memory
from logdepth.mpc.spec import Spec
from logdepth.mpc.spilling import driver_bytes, worker_bytes
from logdepth.protocols import Problem
from logdepth.rng import rng_for

LARGEST = 500_000  # edges of the largest sample
MOST_SAMPLE_MACHINES = 1024


@dataclass(frozen=True)
class Likeness:
    """What the plan stands on. edges, vertices: of the input; seconds: of the run, with latency and network."""

    source: str
    edges: int
    vertices: int
    in_parts: bool
    calibration: Calibration
    seconds: Estimate
    reading_seconds: float

    def to_json(self) -> dict[str, Any]:
        found = self.calibration
        names = ("rounds", "moved_words", "busiest_words", "peak_words")
        trials = []
        for trial in found.trials:
            row = asdict(trial)
            for name in ("loops", "choices"):
                row[name] = {" / ".join(place): value for place, value in row[name].items()}
            trials.append(row)
        return {
            "source": self.source,
            "edges": self.edges,
            "vertices": self.vertices,
            "in_parts": self.in_parts,
            "intervals": {
                **{name: asdict(getattr(found, name)) for name in names},
                "compute_seconds_one_core": asdict(found.seconds),
                "seconds": asdict(self.seconds),
            },
            "kinds": list(found.kinds),
            "times_largest_sample": found.times,
            "validated_times": VALIDATED,
            "validated_shapes": list(SHAPES),
            "notes": list(found.notes),
            "samples": trials,
        }


def plan_like(
    problem: Problem,
    source: str,
    *,
    edges: int | None = None,
    vertices: int | None = None,
    machines: int,
    memory: Memory,
    bandwidth: float,
    latency: float,
    cores: int = 1,
    ids: str | None = None,
    largest: int = LARGEST,
    seed: int = 0,
    most_edges: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """What `problem` on the input at `source` would cost, calibrated on samples of it of at most `largest` edges.

    edges, vertices: of the input to plan for where `source` is only a small one of its kind. The rest as `plan`'s.
    Raises `InputError` for an input that cannot be read or holds no edges, a problem that takes no graph, numbers out
    of range; `SpecError` for machines that are too small.
    """
    numbers = (("edges", edges or 1, 1), ("vertices", vertices or 1, 1), ("cores", cores, 1), ("largest", largest, 64))
    for name, value, least in numbers:
        if not least <= value <= MOST_INPUT:
            raise InputError(f"{name} is {value:,}; it must be {least} to {MOST_INPUT:,}")
    if not 1 <= machines <= MOST_MACHINES:
        raise InputError(f"machines is {machines:,}; it must be 1 to {MOST_MACHINES:,}")
    rng = rng_for(seed, "jobs", "like", problem.name)
    began = time.perf_counter()
    like = open_like(
        problem,
        source,
        rng,
        edges=edges,
        vertices=vertices,
        ids=ids,
        progress=progress,
        most_edges=most_edges,
        largest=largest,
    )
    reading = time.perf_counter() - began
    words, word_bytes = like.words(), problem.input.word_bytes(like.vertices)
    local_memory = memory.words(word_bytes)
    target = Spec(machines, local_memory, words)
    protocol = like.protocol(target)
    found = calibrate(
        like, protocol.stages, target, rng, largest=largest, most_machines=MOST_SAMPLE_MACHINES, progress=progress
    )

    def seconds(end: str) -> float:
        rounds, busiest, computing = (getattr(each, end) for each in (found.rounds, found.busiest_words, found.seconds))
        return rounds * latency + busiest * word_bytes / bandwidth + computing / machines / cores

    seen = Forecast(
        num_rounds=round(found.rounds.value),
        peak_words=round(found.peak_words.value),
        moved_words=round(found.moved_words.value),
        busiest_words=round(found.busiest_words.value),
        compute_seconds=found.seconds.value / machines,
    )
    least = max(seen.peak_words, like.least_memory(target))
    return Plan(
        problem=problem.name,
        num_machines=machines,
        input_words=words,
        word_bytes=word_bytes,
        memory_words=local_memory,
        prediction=seen,
        least_memory_words=least,
        num_rounds_bound=protocol.num_rounds,
        fits=least <= local_memory,
        latency_seconds=seen.num_rounds * latency,
        network_seconds=seen.busiest_words * word_bytes / bandwidth,
        compute_seconds=seen.compute_seconds / cores,
        calibration=(),
        driver_bytes=driver_bytes(words, machines) if like.found is not None else None,
        worker_bytes=worker_bytes(words, machines) if like.found is not None else None,
        like=Likeness(
            source, like.edges, like.vertices, like.found is not None, found,
            Estimate(seconds("value"), seconds("low"), seconds("high")), reading,
        ),
    )  # fmt: skip
