"""Protocols: what every machine does to its inbox in each round, put together from steps.

A protocol is a pure function `local(shard) -> Outbox`. It is written as a sequence of
- `Send(label, run)`: one round. `run(shard)` returns `Change(keep, drop, mail)`: tables it replaces, tables it
  forgets, rows it mails. A table not mentioned is kept, and counted, like everything a machine mails to itself;
- `Local(run)`: work on the tables before the next round's mail is made (no round, no mail);
- `Loop(body, bound, leave)`: at most `bound` times, left early once `leave(shard)` is 1 on every machine;
- `Choose(flag, then, otherwise)`: on a flag that every machine holds.
Whatever a stage returns is held to the rules of `words.py`; what breaks them is refused, by the stage's name.
`leave` and `flag` may only look at what each machine has been told, an all-reduce's result say, so all agree;
where a machine stands in the sequence is a word of its memory like any other (table `control`). The number of
rounds, `num_rounds`, follows from the sequence alone, that is, from the spec: the bound that a run may undercut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import CONTROL, Array, MissingColumnError, MissingTableError, Outbox, Shard, Table
from logdepth.mpc.words import count_words


@dataclass(frozen=True)
class Change:
    """What a step does to its machines' tables, and what they mail: name -> (table, destination of each row)."""

    keep: Mapping[str, Table] = field(default_factory=dict)
    drop: Sequence[str] = ()
    mail: Mapping[str, tuple[Table, Array]] = field(default_factory=dict)


@dataclass(frozen=True)
class Send:
    """One round."""

    label: str
    run: Callable[[Shard], Change]


@dataclass(frozen=True)
class Local:
    """Local work without a round of its own."""

    run: Callable[[Shard], Change]


@dataclass(frozen=True)
class Loop:
    """`body`, at most `bound` times; before each pass `leave` (a flag each machine holds) may end it.

    If the bound is reached and `leave` still says no, the protocol is wrong, and the run stops: `proved` names
    the statement that rules it out.
    """

    body: Sequence[Stage]
    bound: int
    leave: Callable[[Shard], Array] | None = None
    proved: str = ""


@dataclass(frozen=True)
class Choose:
    """`then` where `flag` is 1, else `otherwise`."""

    flag: Callable[[Shard], Array]
    then: Sequence[Stage]
    otherwise: Sequence[Stage]


Stage = Send | Local | Loop | Choose


@dataclass(frozen=True)
class _Jump:
    target: int
    flag: Callable[[Shard], Array] | None = None


@dataclass(frozen=True)
class _Count:
    """Enter a loop's pass: leave to `target` if `leave` says so; the pass number is a register."""

    register: int
    bound: int
    target: int
    leave: Callable[[Shard], Array] | None
    proved: str


@dataclass(frozen=True)
class _Reset:
    register: int


def count_rounds(stages: Sequence[Stage]) -> int:
    """The largest number of rounds that the stages can take.

    >>> count_rounds([Send("a", Change), Loop([Send("b", Change)], 5)])
    6
    """
    total = 0
    for stage in stages:
        match stage:
            case Send():
                total += 1
            case Local():
                pass
            case Loop(body, bound):
                total += bound * count_rounds(body)
            case Choose(_, then, otherwise):
                total += max(count_rounds(then), count_rounds(otherwise))
    return total


@dataclass(frozen=True)
class Protocol:
    """A protocol for one spec. `inputs` places the input, `collect` reads the output; engines run the rest.

    name: with `config` what identifies it in a checkpoint (all that it was built from).
    stages: the sequence; `local` runs it.
    collect: from the tables of all machines at the end to the result; the driver's work, and in the ledger under
    `collects`, which says what it does.
    """

    name: str
    spec: Spec
    stages: Sequence[Stage]
    collect: Callable[[Mapping[str, Table]], Any]
    config: Mapping[str, Any] = field(default_factory=dict)
    theory: Mapping[str, Any] = field(default_factory=dict)
    collects: str = ""

    def __post_init__(self) -> None:
        code: list[Any] = []
        registers = _flatten(self.stages, code, 0)
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "num_registers", registers)

    @property
    def num_rounds(self) -> int:
        """The bound on rounds: a function of the spec."""
        return count_rounds(self.stages)

    def local(self, shard: Shard) -> Outbox:
        """One round of the shard's machines: inbox in, outbox out. Pure.

        Raises `InputError`, naming the stage, if what it returns is not what it should be; what a round
        keeps and mails is the engine's to check and count (`words.outbox_words`).
        """
        code: list[Any] = self.code  # type: ignore[attr-defined]
        registers: int = self.num_registers  # type: ignore[attr-defined]
        tables, kernels = dict(shard.tables), shard.kernels
        spec, first, machines = shard.spec, shard.first, shard.num_machines
        del shard  # if nobody else holds it, what a stage drops is let go of at once
        control = tables.pop(CONTROL, None)
        if control is None:
            place, counters = 0, [0] * registers
        else:
            place = int(control["place"][0])
            counters = [int(control[f"count{index}"][0]) for index in range(registers)]
            assert all((column == column[0]).all() for column in control.columns.values()), "machines out of step"
        view = Shard(spec, first, machines, MappingProxyType(tables), kernels)
        while place < len(code):
            match code[place]:
                case Send(label, run):
                    where = f"{self.name}: stage {label!r}"
                    change = _change(where, tables, run, view)
                    for name in tables.keys() & change.mail.keys():
                        raise InputError(f"{where}: table {name!r} is both kept and mailed; drop it, or rename one")
                    here = (place + 1, *counters)
                    names = ["place", *(f"count{index}" for index in range(registers))]
                    full = [np.full(machines, value) for value in here]
                    tables[CONTROL] = view.one_each(**dict(zip(names, full, strict=True)))
                    return Outbox(tables, change.mail, label, here)
                case Local(run):
                    where = f"{self.name}: local stage {_name(run)}"
                    change = _change(where, tables, run, view)
                    if change.mail:
                        raise InputError(f"{where}: mails something; only a Send makes a round")
                    for name, table in change.keep.items():  # a Send's are counted at once: `words.outbox_words`
                        count_words(where, name, table, machines)
                    place += 1
                case _Reset(register):
                    counters[register] = 0
                    place += 1
                case _Count(register, bound, target, leave, proved):
                    done = leave is not None and self._agreed(leave, view)
                    if not done and counters[register] >= bound:
                        if leave is not None:
                            raise AssertionError(f"{self.name}: not done after {bound} passes; {proved} rules this out")
                        done = True
                    counters[register] += 1
                    place = target if done else place + 1
                case _Jump(target, flag):
                    place = target if flag is None or not self._agreed(flag, view) else place + 1
        return Outbox(tables, label="the end", place=(place,), halt=True)

    def _agreed(self, flag: Callable[[Shard], Array], view: Shard) -> bool:
        """What all machines hold alike; the last is asked alone too: each must know it by itself.

        Raises `InputError` if they don't.
        """
        where = f"{self.name}: flag {_name(flag)}"
        held = np.asarray(_call(where, flag, view))
        if held.shape != (view.num_machines,):
            raise InputError(
                f"{where}: has shape {held.shape}; it needs one value for each of {view.num_machines} machines"
            )
        held = held.astype(bool)
        if (held != held[0]).any():
            other = view.first + int(np.argmax(held != held[0]))
            raise InputError(f"{where}: machines {view.first} and {other} disagree; all machines must hold the same")
        if (last := view.num_machines - 1) > 0:
            own = {name: table.part(last, last + 1) for name, table in view.tables.items()}
            if _call(where, flag, Shard(view.spec, view.first + last, 1, own, view.kernels)) != held[0]:
                raise InputError(
                    f"{where}: machine {view.first + last} by itself holds another; it looks at others' rows"
                )
        return bool(held[0])


def _name(run: Callable[..., Any]) -> str:
    """A function as its author knows it: by name, a lambda by its line."""
    name = getattr(run, "__name__", type(run).__name__)
    return f"{name!r}" if name != "<lambda>" else f"(a lambda, line {run.__code__.co_firstlineno})"


def _call(where: str, run: Callable[[Shard], Any], view: Shard) -> Any:
    try:
        return run(view)
    except MissingTableError as error:
        raise InputError(f"{where}: {error}") from None
    except MissingColumnError as error:
        name = next((f"table {name!r}" for name, table in view.tables.items() if table is error.table), "a table")
        raise InputError(f"{where}: {name} {error}") from None
    except Exception as error:
        error.add_note(f"in {where}")
        raise


def _change(where: str, tables: dict[str, Table], run: Callable[[Shard], Change], view: Shard) -> Change:
    """Run a stage, and do to `tables` what it says. Raises `InputError` unless that can be done."""
    change = _call(where, run, view)
    if not isinstance(change, Change):
        raise InputError(f"{where}: returns a {type(change).__name__}; a Change is needed")
    for name in change.drop:
        if tables.pop(name, None) is None:
            raise InputError(f"{where}: drops table {name!r}, which is not there")
    if CONTROL in change.keep:
        raise InputError(f"{where}: a table cannot be called {CONTROL!r}: that is where the machines stand")
    tables.update(change.keep)
    return change


def _flatten(stages: Sequence[Stage], code: list[Any], depth: int) -> int:
    """Stages as straight code with jumps; the number of loop counters needed."""
    deepest = depth
    for stage in stages:
        match stage:
            case Send() | Local():
                code.append(stage)
            case Loop(body, bound, leave, proved):
                code.append(_Reset(depth))
                start = len(code)
                code.append(None)
                deepest = max(deepest, _flatten(body, code, depth + 1))
                code.append(_Jump(start))
                code[start] = _Count(depth, bound, len(code), leave, proved)
                deepest = max(deepest, depth + 1)
            case Choose(flag, then, otherwise):
                start = len(code)
                code.append(None)
                deepest = max(deepest, _flatten(then, code, depth))
                middle = len(code)
                code.append(None)
                code[start] = _Jump(len(code), flag)
                deepest = max(deepest, _flatten(otherwise, code, depth))
                code[middle] = _Jump(len(code))
    return deepest
