"""Every task by name, of strings and of graphs. A new one is a file or folder of its own and a line here."""

from __future__ import annotations

import difflib

from logdepth.errors import InputError
from logdepth.tasks.chains import ChainTask
from logdepth.tasks.checked import Checked
from logdepth.tasks.graphs import (
    Bipartiteness,
    Connectivity,
    GraphTask,
    MinimumSpanningForest,
    OneVersusTwoCycle,
    Reachability,
    SpanningForest,
)
from logdepth.tasks.khop import Khop
from logdepth.tasks.khop.chain import KhopChain
from logdepth.tasks.pointer_chasing import PointerChasing
from logdepth.tasks.pointer_chasing.chain import PointerChain, ReachabilityChain
from logdepth.tasks.task import Task

_ALL: tuple[type[Task], ...] = (
    Khop,
    PointerChasing,
)
_GRAPHS: tuple[type[GraphTask], ...] = (
    Connectivity,
    SpanningForest,
    MinimumSpanningForest,
    OneVersusTwoCycle,
    Bipartiteness,
    Reachability,
)
_CHAINS: tuple[type[ChainTask], ...] = (KhopChain, PointerChain, ReachabilityChain)
TASKS = {task.name: task for task in _ALL}
GRAPH_TASKS = {task.name: task for task in _GRAPHS}
CHAIN_TASKS = {task.name: task for task in _CHAINS}
DEFAULT = _ALL[0].name  # what a run without a task's name is about


def find_task(name: str) -> type[Task]:
    """A task by name. Raises `InputError`, with near names, for others.

    >>> find_task("pointer-chasing").pointer
    'image'
    """
    if name not in TASKS:
        near = difflib.get_close_matches(name, TASKS, 1, 0.3)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(TASKS)}"
        raise InputError(f"there is no task {name!r}; {hint}")
    return TASKS[name]


def find_chain_task(name: str) -> type[ChainTask]:
    """A task for chains of thought by name. Raises `InputError` for others.

    >>> find_chain_task("khop-cot").header
    'k'
    """
    if name not in CHAIN_TASKS:
        raise InputError(f"there is no task {name!r} for chains of thought; there are: {', '.join(CHAIN_TASKS)}")
    return CHAIN_TASKS[name]


def task_of_program(name: str) -> type[Checked] | None:
    """The task that a built-in program computes, if any.

    >>> task_of_program("khop_rank").name
    'khop'
    """
    return next((task for task in (*_ALL, *_GRAPHS, *_CHAINS) if name in task.programs), None)
