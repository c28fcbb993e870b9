"""Every task by name, of strings and of graphs. A new one is a file or folder of its own and a line here."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from logdepth.errors import InputError
from logdepth.tasks.chains import ChainTask
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
from logdepth.tasks.lessons import ConnectivityLesson, CycleLesson, GraphLesson
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
_LESSONS: tuple[type[GraphLesson], ...] = (
    ConnectivityLesson,
    CycleLesson,
)
TASKS = {task.name: task for task in _ALL}
LESSONS = {lesson.name: lesson for lesson in _LESSONS}
LEARNED: dict[str, type[Task]] = {**TASKS, **LESSONS}
GRAPH_TASKS = {task.name: task for task in _GRAPHS}
CHAIN_TASKS = {task.name: task for task in _CHAINS}
SHORT = {"bipartite": Bipartiteness.name}  # other names of tasks about graphs
DEFAULT = _ALL[0].name  # what a run without a task's name is about


def find_task(name: str) -> type[Task]:
    """A task of strings by name. Raises `InputError`, with near names, for others.

    >>> find_task("pointer-chasing").pointer
    'image'
    """
    return _find(name, TASKS)


def find_learned(name: str) -> type[Task]:
    """A task that models are trained on, of strings or of graphs. Raises `InputError`, with near names, for others.

    >>> find_learned("connectivity").least_k
    2
    """
    return _find(name, LEARNED)


def _find(name: str, tasks: Mapping[str, type[Task]]) -> type[Task]:
    if name not in tasks:
        near = difflib.get_close_matches(name, tasks, 1, 0.3)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(tasks)}"
        raise InputError(f"there is no task {name!r}; {hint}")
    return tasks[name]


def find_chain_task(name: str) -> type[ChainTask]:
    """A task for chains of thought by name. Raises `InputError` for others.

    >>> find_chain_task("khop-cot").header
    'k'
    """
    if name not in CHAIN_TASKS:
        raise InputError(f"there is no task {name!r} for chains of thought; there are: {', '.join(CHAIN_TASKS)}")
    return CHAIN_TASKS[name]


def graph_task(name: str) -> type[GraphTask]:
    """A task about graphs by one of its names.

    >>> graph_task("bipartite").name
    'bipartiteness'
    """
    return GRAPH_TASKS[SHORT.get(name, name)]


def task_of_program(name: str) -> type[Task] | type[GraphTask] | type[ChainTask] | None:
    """The task that a built-in program computes, if any.

    >>> task_of_program("khop_rank").name
    'khop'
    """
    return next((task for task in (*_ALL, *_GRAPHS, *_CHAINS) if name in task.programs), None)
