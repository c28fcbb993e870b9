"""A problem's protocol on one input, as a transformer, checked against the engine: one result, with all its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.engine import Progress
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Table
from logdepth.protocols.problem import Problem
from logdepth.simulation.protocol_to_transformer import ProtocolTransformer, protocol_to_transformer
from logdepth.simulation.rehearsal import Rehearsal, rehearse, worst_case
from logdepth.simulation.routers.registry import ROUTERS
from logdepth.simulation.routers.router import Router
from logdepth.simulation.theorem_figures import TheoremFigures, theorem_figures

BOUNDS = ("rehearsal", "spec")


@dataclass(frozen=True, eq=False)
class SimulatedProblem:
    """A transformer's run beside its engine's. num_rounds: communications, as in a ledger; bound: the protocol's.

    num_layers: of attention, init's and final's among them. embed_dim: m of Definition 2.2, with the words that a
    machine keeps. num_tokens: beside the start token; num_blank of them have no input (Theorem B.3).
    """

    problem: str
    router: str
    form: str
    bounds: str
    equal: bool
    num_machines: int
    local_memory: int
    num_rounds: int
    bound: int
    num_layers: int
    layers_a_round: int
    with_layout: bool
    num_heads: int
    key_dim: int
    value_dim: int
    embed_dim: int
    num_tokens: int
    num_blank: int
    theorem: TheoremFigures
    transformer: ProtocolTransformer
    result: Any

    def to_json(self) -> dict[str, Any]:
        """All of it but the transformer and the result."""
        fields = {name: value for name, value in vars(self).items() if name not in ("transformer", "result", "theorem")}
        return {**fields, "theorem": self.theorem.to_json()}


def find_router(name: str) -> Router:
    """A registered router. Raises `InputError` with their names."""
    if name not in ROUTERS:
        raise InputError(f"there is no router {name!r}; there are: {', '.join(ROUTERS)}")
    return ROUTERS[name]


def problem_to_transformer(
    problem: Problem, data: Any, spec: Spec, *, router: str = "sums", form: str = "looped", bounds: str = "rehearsal"
) -> SimulatedProblem:
    """Run the problem's protocol on an engine and, as a transformer, on attention, and compare.

    bounds: what traffic the router is built for: `rehearsal`, what the engine's run did; `spec`, all that s allows.
    Raises `InputError` for an unknown router, form or bounds, and where the router can't serve the traffic;
    `MemoryExceeded`, before anything is built, where a machine needs more than s words.

    >>> from logdepth.protocols import BUILT_IN
    >>> found = problem_to_transformer(BUILT_IN["prefix-sum"], [3, -1, 4, 1], Spec(4, 24, 4))
    >>> found.equal, found.result.tolist(), found.num_rounds, found.num_layers
    (True, [3, 2, 6, 7], 2, 4)
    """
    find_router(router)
    config = problem.config(data)
    protocol, inputs = problem.protocol(spec, **config), problem.place(spec, data)
    return simulate(
        problem, data, protocol, inputs, rehearse(protocol, inputs), router=router, form=form, bounds=bounds
    )


def simulate(
    problem: Problem,
    data: Any,
    protocol: Protocol,
    inputs: Mapping[str, Table],
    rehearsal: Rehearsal,
    *,
    router: str,
    form: str,
    bounds: str,
    progress: Progress | None = None,
) -> SimulatedProblem:
    """`problem_to_transformer`, when the engine has run already."""
    if bounds not in BOUNDS:
        raise InputError(f"bounds is {bounds!r}; there are: {', '.join(BOUNDS)}")
    found, spec = find_router(router), protocol.spec
    traffic = rehearsal.traffic(pairs=found.uses_pairs) if bounds == "rehearsal" else worst_case(spec)
    layout = None if problem.layout is None else problem.layout(spec, **problem.config(data))
    made = protocol_to_transformer(protocol, traffic, found, layout=layout, form=form)
    result, rounds = made.run(inputs if layout is None else layout.tokens(data), progress=progress)
    num_inputs = spec.num_machines if layout is None else len(layout.reader)
    blank = max(made.num_tokens - num_inputs, 0)
    return SimulatedProblem(
        problem=problem.name,
        router=router,
        form=form,
        bounds=bounds,
        equal=rounds == rehearsal.run.ledger.num_rounds and same(result, rehearsal.run.result),
        num_machines=spec.num_machines,
        local_memory=spec.local_memory,
        num_rounds=rounds,
        bound=protocol.num_rounds,
        num_layers=made.num_layers(rounds if form == "looped" else None),
        layers_a_round=made.round.routing.num_layers,
        with_layout=layout is not None,
        num_heads=made.num_heads,
        key_dim=made.key_dim,
        value_dim=made.value_dim,
        embed_dim=made.embed_dim,
        num_tokens=made.num_tokens,
        num_blank=blank,
        theorem=theorem_figures(rounds, made.num_tokens, spec.num_machines > num_inputs, traffic),
        transformer=made,
        result=result,
    )


def same(one: Any, other: Any) -> bool:
    """Equal to the bit, types included: numbers, arrays, and what is made of them.

    >>> same({"a": np.array([1])}, {"a": np.array([1])}), same(np.array([0.0]), np.array([-0.0])), same(1, True)
    (True, False, False)
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    return bool(one == other)
