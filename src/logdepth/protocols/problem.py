"""A registered problem: what it takes to run a protocol on a user's input, resume it, and test it by law."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from logdepth.errors import SpecError
from logdepth.mpc.engine import Engine, LocalEngine, Run
from logdepth.mpc.ledger import timed
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Table
from logdepth.protocols.inputs.input import Input, Size
from logdepth.protocols.layout import Layout
from logdepth.protocols.parted import Parted
from logdepth.rng import rng_for

_MOST_MEMORY = 1 << 50


@dataclass(frozen=True)
class Problem:
    """One problem with its protocol.

    input: what it takes in: reader, sampler, sizes. slack: C in `q s = C n` where only delta is given. protocol:
    `protocol(spec, **config)`, of an input's config. place: the input on the machines. columns: the names of the
    result's columns in a file. table: `table(data, result)`, those columns. facts: `facts(data, result)`, the result
    in a few numbers. driver: what `place`, `table` and `facts` do by these names, outside the rounds; the ledger
    lists it, with its seconds, beside what the protocol's `collect` does. layout: `layout(spec, **config)`, `place`
    and `collect` token by token, where its author gives one. parted: how it runs on an input that no process holds.
    """

    name: str
    input: Input
    summary: str
    slack: int
    protocol: Callable[..., Protocol]
    place: Callable[[Spec, Any], dict[str, Table]]
    columns: tuple[str, ...]
    table: Callable[[Any, Any], dict[str, Any]] = lambda data, result: {"value": result}
    facts: Callable[[Any, Any], dict[str, Any]] = lambda data, result: {}
    driver: Mapping[str, str] = field(default_factory=dict)
    layout: Callable[..., Layout] | None = None
    parted: Parted | None = None

    @property
    def kind(self) -> str:
        """Of input: graph, weighted graph, sequence, numbers, pointers, or what its author calls it."""
        return self.input.name

    def config(self, data: Any) -> dict[str, Any]:
        """The sizes and parameters that, with the spec, determine the protocol: JSON numbers and strings."""
        return self.input.config(data)

    def words(self, config: Mapping[str, Any]) -> int:
        """n, the words of an input, from its config."""
        return self.input.words(config)

    def sample(self, size: int, *, edges: int | None = None, k: int = 16, seed: int = 0) -> Any:
        """A random input of `size` vertices (with `edges` edges, default 5 size / 2), numbers, pointers or tokens."""
        return self.input.sample(rng_for(seed, "jobs", "sample", self.name), Size(size, edges, k))

    def label(self, work: str) -> str:
        """The driver's work as the ledger lists it: of place, table or facts."""
        return f"{work}: {self.driver[work]}" if work in self.driver else work

    def spec(self, config: Mapping[str, Any], delta: float = 0.5) -> Spec:
        """The machines for an input where only delta is given, with as much memory as the protocol needs."""
        return self.with_room(Spec.from_delta(self.words(config), delta, slack=self.slack), config)

    def with_room(self, spec: Spec, config: Mapping[str, Any]) -> Spec:
        """The same machines, each with more memory if the protocol can't be put together otherwise."""
        try:
            self.protocol(spec, **config)
        except SpecError:
            return replace(spec, local_memory=self.least_memory(spec, config))
        return spec

    def least_memory(self, spec: Spec, config: Mapping[str, Any]) -> int:
        """The least local_memory for which the protocol can be put together on this many machines, in words. Raises
        `SpecError` if no memory is enough."""

        def fits(memory: int) -> bool:
            try:
                self.protocol(Spec(spec.num_machines, memory, spec.num_words), **config)
            except SpecError:
                return False
            return True

        low, high = 0, 64
        while not fits(high):
            if high > _MOST_MEMORY:  # it isn't memory that is missing: say what is
                self.protocol(Spec(spec.num_machines, high, spec.num_words), **config)
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if fits(middle) else (middle, high)
        return high

    def run(self, data: Any, spec: Spec | None = None, engine: Engine | None = None, *, strict: bool = True) -> Run:
        """Run on one input. Raises `MemoryExceeded` if a machine needs more than s words, in a strict run."""
        config = self.config(data)
        spec = spec or self.spec(config)
        protocol, driver = self.protocol(spec, **config), {}
        with timed(driver, self.label("place")):
            inputs = self.place(spec, data)
        run = (engine or LocalEngine()).run(protocol, inputs, strict=strict)
        run.ledger.driver = {**driver, **run.ledger.driver}
        return run
