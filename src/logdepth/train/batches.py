"""The strings of each step, with the answers for every k. A step's batch depends on the config and the step alone."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from logdepth.models.families import find_family
from logdepth.rng import rng_for
from logdepth.tasks.lessons.lesson import LessonSampler
from logdepth.train.config import TrainConfig


class TrainBatch(NamedTuple):
    """ids and targets (batch, slots), token ids as int64; every: what is asked besides, or None. That is the targets
    for
    every k, (batch, slots, max_k + 1); of graphs, distances (batch, slots, V); for a model that thinks, the way of the
    last slot's pointer, slot and symbol, (batch, max_k + 1, 2), no further than asked."""

    ids: np.ndarray
    targets: np.ndarray
    every: np.ndarray | None


class Batches:
    """Batch after batch of a run. Ids are the task's.

    >>> from logdepth.train.recipes import fast
    >>> Batches(fast(batch_size=2))[7].ids.shape
    (2, 99)
    """

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self._task, self._sampler = config.make_task(), config.sampler()
        self._thinks = find_family(config.model.family).last_only
        self._fixed = None if config.samples is None else self._sampler.batch(0, config.samples)
        self._order = np.arange(0)
        self._epoch = -1

    def __getitem__(self, step: int) -> TrainBatch:
        config, size = self.config, self.config.batch_size
        rising = step < config.curriculum
        largest = 1 + (config.max_k - 1) * step // config.curriculum if rising else config.max_k
        if self._fixed is None:
            sampler = self._sampler
            if rising and isinstance(sampler, LessonSampler):
                sampler = replace(sampler, most=largest)
            inputs, targets, k = sampler.batch(step * size, size)
        else:
            rows = [self._row(number) for number in range(step * size, (step + 1) * size)]
            inputs, targets, k = (array[rows] for array in self._fixed)
        ids, targets = inputs.astype(np.int64), targets.astype(np.int64)
        rising = rising and not isinstance(self._sampler, LessonSampler)
        if not (rising or config.auxiliary_weight or self._thinks):
            return TrainBatch(ids, targets, None)
        every = self._task.all_targets(self._task.decode(ids[:, 1:]))
        if rising:
            k = k % (largest + 1)
            ids[:, 0] = k  # the header token that asks for it
            targets = np.take_along_axis(every, k[:, None, None], 2)[:, :, 0]
        if self._thinks:
            return TrainBatch(ids, targets, self._way(ids, every, k))
        return TrainBatch(ids, targets, every if config.auxiliary_weight else None)

    def _way(self, ids: np.ndarray, every: np.ndarray, k: np.ndarray) -> np.ndarray:
        pointers = self._task.pointers(self._task.decode(ids[:, 1:]), self.config.max_k)
        slots = np.stack([power[:, -1] for power in pointers], 1)
        hops = np.minimum(np.arange(self.config.max_k + 1), k[:, None])
        return np.stack([np.take_along_axis(way, hops, 1) for way in (slots, every[:, -1])], 2)

    def _row(self, number: int) -> int:
        """Which string of the fixed set comes at a place: a new order in each pass."""
        assert self.config.samples is not None
        epoch, place = divmod(number, self.config.samples)
        if epoch != self._epoch:
            self._order = rng_for(self.config.seed, "order", epoch).permutation(self.config.samples)
            self._epoch = epoch
        return int(self._order[place])
