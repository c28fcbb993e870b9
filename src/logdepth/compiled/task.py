"""The task that a compiled model computes, if its program is one of a registered task's."""

from __future__ import annotations

from logdepth.compiled.folder import Folder
from logdepth.tasks.registry import task_of_program
from logdepth.tasks.task import Task


def task_of(found: Folder) -> Task | None:
    """The task at the folder's sizes; None for a program that computes none.

    A folder that only says so (its program has no k, or its ids mean something else) computes none either.

    >>> import tempfile, logdepth
    >>> from logdepth.programs import khop_rank
    >>> folder = logdepth.compile(khop_rank, length=9, alphabet=2, k=3).save(tempfile.mkdtemp() + "/model")
    >>> task_of(logdepth.load(folder))
    Khop(length=9, alphabet_size=2, k=3, max_k=None)
    """
    program, setting = found.description["program"], found.graph.setting
    kind = task_of_program(program["name"]) if program["built_in"] else None
    if kind is None:
        return None
    k, max_k = program["parameters"].get("k"), None
    if setting.header_size:
        k, max_k = None, setting.header_size - 1
    elif not isinstance(k, int):
        return None
    task = kind(setting.length, setting.alphabet_size, k=k, max_k=max_k)
    return task if task.vocabulary == found.vocabulary else None
