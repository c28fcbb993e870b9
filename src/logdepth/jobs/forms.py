"""The forms of a program, each as a function that runs it on one sequence and gives its row of the table.

All are held against the interpreter, at every position; the interpreter against the task's own solver, where the
program computes a task.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.compiled.hub import load_model
from logdepth.compiled.model import CompiledModel
from logdepth.compiled.running import logits
from logdepth.errors import InputError
from logdepth.jobs.trained_models import simulated
from logdepth.mpc import Engine, Protocol
from logdepth.protocols import Problem
from logdepth.protocols.inputs.sequences import Symbols
from logdepth.simulation.from_library import from_transformer
from logdepth.simulation.layers import SimulatedModel
from logdepth.simulation.problem_to_transformer import simulate
from logdepth.simulation.rehearsal import Rehearsal, rehearse
from logdepth.simulation.routers.registry import ROUTERS
from logdepth.simulation.transformer_to_protocol import transformer_to_protocol
from logdepth.tasks.task import Task

FAITHFUL = 128  # tokens, at most, of the form with a machine for each pair of them


@dataclass(frozen=True)
class FormRow:
    """One form. equal: to the interpreter at every position; None if the form was not run, and then `why_not`.

    layers: of attention; rounds: communications, as a ledger counts them. width: embedding dimension. words: s.
    """

    form: str
    equal: bool | None
    layers: int | None = None
    rounds: int | None = None
    machines: int | None = None
    width: int | None = None
    words: int | None = None
    seconds: float = 0.0
    why_not: str = ""


Step = Callable[[], FormRow]


class Forms:
    """Every form as a function that runs it and gives its row; what several of them need is made once."""

    def __init__(
        self,
        compiled: CompiledModel,
        folder: Path,
        task: Task | None,
        problem: Problem,
        tokens: np.ndarray,
        header: int | None,
    ) -> None:
        self.compiled, self.folder, self.task, self.problem = compiled, folder, task, problem
        self.strings, self.header = tokens[None], header
        setting = compiled.compilation.graph.setting
        self.symbols = Symbols(tokens, setting.alphabet_size, header=header)
        first = None if header is None else np.array([header])
        self.ids = compiled.encode(self.strings, first)
        self.began = time.perf_counter()
        self.answers = compiled.interpret(self.strings, first)[0, 1:]
        self.interpreted = time.perf_counter() - self.began

    def of_the_program(self) -> Iterator[Step]:
        """Solver, interpreter, exact transformer, checkpoint."""
        exact = self.compiled.transformer
        if self.task is not None:
            yield self._solver
        yield lambda: FormRow("interpreter", True, seconds=self.interpreted)
        for attention in ("soft", "hard"):
            yield self._timed(
                f"exact transformer, {attention} attention", partial(self._exact, attention), exact.embed_dim
            )
        width = self.compiled.compilation.shape.width
        yield self._timed(f"checkpoint, stock {self._target}", self._checkpoint, width)

    def of_its_protocol(self, protocol: Protocol, engines: Mapping[str, Engine]) -> Iterator[Step]:
        """The program on machines, and that as a transformer, by every router there is."""
        inputs = self.problem.place(protocol.spec, self.symbols)
        for name, engine in engines.items():
            yield partial(self._on_machines, name, engine, protocol, inputs)
        rehearsed: list[Rehearsal] = []  # by the first router that asks
        for router in ROUTERS:
            yield partial(self._routed, router, protocol, inputs, rehearsed)

    def of_its_models(self, engines: Mapping[str, Engine]) -> Iterator[Step]:
        """The exact transformer and the checkpoint as protocols, in float64."""
        count = self.ids.shape[1]
        for form in ("blocked", "faithful"):
            for what in ("exact transformer", "checkpoint"):
                row = f"protocol of the {what}, {form}"
                if form == "faithful" and count > FAITHFUL:
                    why = f"{count:,} tokens take about {count**2:,} machines; it is run for {FAITHFUL} tokens at most"
                    yield partial(FormRow, row, None, why_not=why)
                    continue
                for name, engine in engines.items():
                    yield partial(self._simulated, what, form, name, engine)

    def _routed(self, router: str, protocol: Protocol, inputs: Any, rehearsed: list[Rehearsal]) -> FormRow:
        began, form = time.perf_counter(), f"transformer of that protocol, {router}"
        if not rehearsed:
            rehearsed.append(rehearse(protocol, inputs))
        given = (self.problem, self.symbols, protocol, inputs, rehearsed[0])
        try:
            found = simulate(*given, router=router, form="looped", bounds="rehearsal")
        except InputError as error:
            return FormRow(form, None, why_not=str(error))
        return FormRow(
            form,
            found.equal and self._same(found.result),
            found.num_layers,
            found.num_rounds,
            found.num_machines,
            found.embed_dim,
            found.local_memory,
            time.perf_counter() - began,
        )

    @property
    def _target(self) -> str:
        return self.compiled.compilation.target

    def _same(self, answers: Any) -> bool:
        return np.array_equal(np.asarray(answers), self.answers)

    def _of_ids(self, ids: np.ndarray) -> bool:
        return self._same(self.compiled.vocabulary.answers(ids[1:].astype(np.int64)))

    def _timed(self, form: str, run: Callable[[], bool], width: int) -> Step:
        def step() -> FormRow:
            began = time.perf_counter()
            equal = run()
            return FormRow(form, equal, self.compiled.depth, width=width, seconds=time.perf_counter() - began)

        return step

    def _exact(self, attention: str) -> bool:
        return self._of_ids(self.compiled.transformer.run(self.ids, attention)[0])

    def _solver(self) -> FormRow:
        """The task's own solver, where it asks."""
        assert self.task is not None
        began = time.perf_counter()
        task = self.task.with_length(self.strings.shape[1])
        form = f"solver of {task.name}"
        if not task.is_solvable(self.strings)[0]:
            return FormRow(form, None, why_not=f"the sequence is no instance of {task.name}")
        k = task.questions[0] if self.header is None else self.header
        found = task.solve(self.strings, k)[0]
        equal = np.array_equal(found[task.asked], self.answers[task.asked])
        return FormRow(form, equal, seconds=time.perf_counter() - began)

    def _checkpoint(self) -> bool:
        import torch

        with torch.inference_mode():
            model = load_model(self.folder, device="cpu", target=self._target)
            return self._of_ids(logits(model, self.ids)[0].argmax(-1).cpu().numpy())

    def _on_machines(self, name: str, engine: Engine, protocol: Protocol, inputs: Any) -> FormRow:
        began, spec = time.perf_counter(), protocol.spec
        run = engine.run(protocol, inputs)
        return FormRow(
            f"protocol of the program, {name}",
            self._same(run.result),
            rounds=run.ledger.num_rounds,
            machines=spec.num_machines,
            words=spec.local_memory,
            seconds=time.perf_counter() - began,
        )

    @cached_property
    def _models(self) -> dict[str, SimulatedModel]:
        """Their arrays; the checkpoint's out of the stock model."""
        stock = load_model(self.folder, device="cpu", target=self._target)
        return {
            "exact transformer": from_transformer(self.compiled.transformer),
            "checkpoint": simulated(stock, np.dtype(np.float64), self.ids.shape[1]),
        }

    def _simulated(self, what: str, form: str, name: str, engine: Engine) -> FormRow:
        began, model = time.perf_counter(), self._models[what]
        made = transformer_to_protocol(model, self.ids.shape[1], form=form)
        run = engine.run(made.protocol, made.place(self.ids[0]))
        return FormRow(
            f"protocol of the {what}, {form}, {name}",
            self._of_ids(run.result.argmax(-1)),
            layers=len(model.blocks),
            rounds=run.ledger.num_rounds,
            machines=made.spec.num_machines,
            width=model.embed_dim,
            words=made.spec.local_memory,
            seconds=time.perf_counter() - began,
        )
