"""The task that a compiled model computes, if its program is one of a registered task's."""

from __future__ import annotations

from logdepth.compiled.folder import Folder
from logdepth.programs import STATED
from logdepth.programs.stated import stated_task
from logdepth.tasks.checked import Checked
from logdepth.tasks.graphs import Connectivity
from logdepth.tasks.registry import task_of_program
from logdepth.tasks.task import Task


def task_of(found: Folder) -> Checked | None:
    """The task at the folder's sizes; None for a program that computes none.

    A folder that only says so (its program has no k, or its ids mean something else) computes none either.

    >>> import tempfile, logdepth
    >>> from logdepth.programs import khop_rank
    >>> folder = logdepth.compile(khop_rank, length=9, alphabet=2, k=3).save(tempfile.mkdtemp() + "/model")
    >>> task_of(logdepth.load(folder))
    Khop(length=9, alphabet_size=2, k=3, max_k=None)
    """
    program, setting = found.description["program"], found.graph.setting
    if not program["built_in"]:
        return None
    sizes, kind = (setting.length, setting.alphabet_size), task_of_program(program["name"])
    if kind is None:
        task = stated_task(STATED, program["name"], *sizes, program["parameters"])
    else:
        task = kind.of_program(*sizes, setting.header_size, program["parameters"])
    return task if task is not None and task.vocabulary == found.vocabulary else None


def instances_of(found: Folder) -> Checked | None:
    """What strings to try it on: its task's, and graphs for any program that reads graphs."""
    ids = found.graph.setting.graph
    return task_of(found) or (None if ids is None else Connectivity(ids.vertices, ids.edges))


def pointer_task_of(found: Folder) -> Task | None:
    """The same, if it is a task of strings with a pointer: one that k powers of are asked for."""
    task = task_of(found)
    return task if isinstance(task, Task) else None
