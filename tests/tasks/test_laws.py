"""Laws that hold of every registered task."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from logdepth.errors import InputError
from logdepth.tasks.registry import DEFAULT, TASKS, find_task, task_of_program
from logdepth.tasks.show import show_task
from logdepth.tasks.task import IGNORED, Task

ASKS: list[dict[str, Any]] = [{"max_k": 5}, {"k": 3}, {"k": 0}]
KINDS = [pytest.param(kind, asks, id=f"{name} {asks}") for name, kind in TASKS.items() for asks in ASKS]
every_task = pytest.mark.parametrize(("kind", "asks"), KINDS)


def task_of(kind: type[Task], asks: dict[str, Any], length: int = 14) -> Task:
    return kind(length, 4, **asks)


def symbols_of(task: Task, inputs: np.ndarray) -> np.ndarray:
    return task.decode(inputs[:, 1:])


@every_task
@pytest.mark.parametrize("planted", [False, True])
def test_a_stream_depends_on_seed_split_and_number_alone(kind: type[Task], asks: dict[str, Any], planted: bool) -> None:
    task = task_of(kind, asks)
    sampler = task.sampler(seed=3, planted=planted)
    whole, parts = (
        sampler.batch(5, 20),
        [task.sampler(seed=3, planted=planted).batch(5 + i, 4) for i in range(0, 20, 4)],
    )
    for name in ("inputs", "targets", "k"):
        assert (np.concatenate([getattr(part, name) for part in parts]) == getattr(whole, name)).all()
    for other in (task.sampler(seed=4, planted=planted), task.sampler(seed=3, split="test", planted=planted)):
        assert (other.batch(5, 20).inputs != whole.inputs).any()
    assert (task.strings(9, 3, "a") == task.strings(9, 3, "a")).all()
    assert (task.strings(9, 3, "a") != task.strings(9, 3, "b")).any()


@every_task
def test_batches_are_what_the_task_encodes_and_solves(kind: type[Task], asks: dict[str, Any]) -> None:
    task = task_of(kind, asks)
    for planted in (False, True):
        sampler = task.sampler(planted=planted)
        inputs, targets, k = sampler.batch(0, 60)
        strings = symbols_of(task, inputs)
        assert sampler.vocabulary == task.vocabulary and inputs.max() < task.vocabulary.size
        assert task.is_instance(strings).all() and set(k.tolist()) <= set(task.questions)
        assert (task.encode(strings, k) == inputs).all()
        every = task.all_targets(strings)
        for row in range(60):
            assert (task.targets(strings[row : row + 1], int(k[row]))[0] == targets[row]).all()
            assert (every[row, :, task.questions.index(int(k[row]))] == targets[row]).all()
        asked = np.zeros(targets.shape, bool)
        asked[:, 0], asked[:, 1:][:, task.asked] = True, True
        assert ((targets == IGNORED) == ~asked).all() and targets.max() < task.vocabulary.size


@every_task
def test_encoding_can_be_undone_and_tells_tokens_apart(kind: type[Task], asks: dict[str, Any]) -> None:
    task = task_of(kind, asks)
    strings = task.strings(20)
    for k in task.questions:
        ids = task.encode(strings, k)
        assert (task.decode(ids[:, 1:]) == strings).all()
        assert ids.min() >= 0 and ids.max() < task.vocabulary.size
        if task.takes_k:
            assert (ids[:, 0] == k).all() and k < task.vocabulary.first_symbol
    assert task.decode(np.array([task.vocabulary.nothing]))[0] == task.alphabet_size
    assert task.vocabulary.unasked == task.vocabulary.size - 1


@every_task
def test_the_solver_is_the_definition(kind: type[Task], asks: dict[str, Any]) -> None:
    task = task_of(kind, asks)
    for strings in (task.strings(30), task.planted_strings(max(task.questions), 10)):
        for k in range(8):
            truth = [task.solve_by_definition(string.tolist(), k) for string in strings]
            assert (task.solve(strings, k) == truth).all()


@pytest.mark.parametrize("kind", TASKS.values(), ids=TASKS)
def test_the_solver_is_the_definition_on_every_small_instance(kind: type[Task]) -> None:
    task = kind(5, 2, k=1)
    every = np.array(list(product(range(2), repeat=5)))
    strings = every[task.is_instance(every)]
    assert len(strings)
    for k in range(5):
        assert (task.solve(strings, k) == [task.solve_by_definition(string.tolist(), k) for string in strings]).all()


@every_task
def test_answers_are_the_symbols_that_pointers_lead_to(kind: type[Task], asks: dict[str, Any]) -> None:
    task = task_of(kind, asks)
    strings = task.strings(20)
    slots = np.concatenate([np.full((20, 1), task.alphabet_size), strings], 1)
    powers = task.pointers(strings, 6)
    assert len(powers) == 7 and (powers[0] == np.arange(task.length + 1)).all()
    for k, power in enumerate(powers):
        assert (power[:, 0] == 0).all()  # the start token points at itself
        assert (np.take_along_axis(slots, power, 1)[:, 1:] == task.solve(strings, k)).all()
        if k:
            assert (power == np.take_along_axis(powers[k - 1], powers[1], 1)).all()


@every_task
def test_error_classes_partition_the_positions(kind: type[Task], asks: dict[str, Any]) -> None:
    task = task_of(kind, asks)
    strings = task.strings(40)
    for k in range(7):
        kinds, of = task.classes(strings, k)
        assert of.shape == strings.shape and of.min() >= 0 and of.max() < len(kinds)
        assert len({kind.name for kind in kinds}) == len(kinds)
        asked = np.array([kind.asked for kind in kinds])[of]
        assert (asked.sum(0) > 0).tolist() == [i in range(task.length)[task.asked] for i in range(task.length)]
        defined = np.array([kind.defined for kind in kinds])[of]
        assert (defined == asked & (task.solve(strings, k) < task.alphabet_size)).all()
        ranges = [kind.distance for kind in kinds if kind.distance]
        assert ranges[0] == (0, 0)
        assert all(least == before + 1 for (_, before), (least, _) in pairwise(ranges))


@every_task
def test_planted_instances_lie_far(kind: type[Task], asks: dict[str, Any]) -> None:
    """On average further than random ones, and nowhere nothing."""
    task = task_of(kind, asks, 40)
    k = max(task.questions)

    def mean(strings: np.ndarray) -> float:
        kinds, of = task.classes(strings, k)
        of = of[:, task.asked_planted]
        assert strings is not planted or all(kinds[i].defined for i in np.unique(of))
        return float(np.mean([(kinds[i].distance or (0, 0))[1] for i in of.ravel()]))

    planted = task.planted_strings(k, 100)
    assert task.is_instance(planted).all()
    assert mean(planted) > mean(task.strings(100)) or k == 0


@every_task
def test_another_length(kind: type[Task], asks: dict[str, Any]) -> None:
    task = task_of(kind, asks)
    longer = task.with_length(30)
    assert type(longer) is kind and longer.strings(2).shape == (2, 30) and longer.questions == task.questions
    with pytest.raises(InputError, match="length is 0"):
        task.with_length(0)


@pytest.mark.parametrize("kind", TASKS.values(), ids=TASKS)
def test_a_task_draws_itself(kind: type[Task]) -> None:
    task = kind(12, 3, k=2)
    string = next(s for s in task.strings(50) if len(set(s.tolist())) == 3)
    lines = show_task(kind, "".join("abc"[symbol] for symbol in string), 2).splitlines()
    assert len(lines) == 5 and len({len(line) for line in lines}) == 1
    answers, cells = task.solve(string[None], 2)[0], lines[-1].split()[1:]
    for i in range(12)[task.asked]:
        assert cells[i] == "abc_"[answers[i]]
    assert lines[2].split() == [task.pointer, *map(str, task.pointers(string[None], 1)[1][0, 1:])]
    assert show_task(kind, "", 2) == ""


@pytest.mark.parametrize("kind", TASKS.values(), ids=TASKS)
def test_sizes_that_cannot_be_are_refused(kind: type[Task]) -> None:
    for asks in ({}, {"k": 1, "max_k": 2}):
        with pytest.raises(InputError, match="give either k or max_k"):
            kind(9, 3, **asks)
    for length, size, asks in ((9, 0, {"k": 1}), (0, 3, {"k": 1}), (9, 3, {"k": -1}), (9, 3, {"max_k": -1})):
        with pytest.raises(InputError, match=r"(alphabet|length|k) is"):
            kind(length, size, **asks).sampler()


def test_tasks_are_found_by_name_and_by_program() -> None:
    assert find_task(DEFAULT) is TASKS[DEFAULT]
    for name, kind in TASKS.items():
        assert find_task(name) is kind
        for program in kind.programs:
            assert task_of_program(program) is kind
    assert task_of_program("no_such_program") is None
    with pytest.raises(InputError, match=r"no task 'pointer_chasing'; did you mean pointer-chasing\?"):
        find_task("pointer_chasing")
    with pytest.raises(InputError, match="there are: "):
        find_task("zzz")
