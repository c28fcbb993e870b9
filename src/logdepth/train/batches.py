"""The strings of each step, with the answers for every k. A step's batch depends on the config and the step alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from logdepth.rng import rng_for
from logdepth.train.config import TrainConfig


class TrainBatch(NamedTuple):
    """ids and targets (batch, slots), token ids as int64; every (batch, slots, max_k + 1), the targets for every k, or
    None if not asked for."""

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
        self._fixed = None if config.samples is None else self._sampler.batch(0, config.samples)
        self._order = np.arange(0)
        self._epoch = -1

    def __getitem__(self, step: int) -> TrainBatch:
        config, size = self.config, self.config.batch_size
        if self._fixed is None:
            inputs, targets, k = self._sampler.batch(step * size, size)
        else:
            rows = [self._row(number) for number in range(step * size, (step + 1) * size)]
            inputs, targets, k = (array[rows] for array in self._fixed)
        ids, targets = inputs.astype(np.int64), targets.astype(np.int64)
        rising = step < config.curriculum
        if not (rising or config.auxiliary_weight):
            return TrainBatch(ids, targets, None)
        every = self._task.all_targets(self._task.decode(ids[:, 1:]))
        if rising:
            largest = 1 + (config.max_k - 1) * step // config.curriculum
            k = k % (largest + 1)
            ids[:, 0] = k  # the header token that asks for it
            targets = np.take_along_axis(every, k[:, None, None], 2)[:, :, 0]
        return TrainBatch(ids, targets, every if config.auxiliary_weight else None)

    def _row(self, number: int) -> int:
        """Which string of the fixed set comes at a place: a new order in each pass."""
        assert self.config.samples is not None
        epoch, place = divmod(number, self.config.samples)
        if epoch != self._epoch:
            self._order = rng_for(self.config.seed, "order", epoch).permutation(self.config.samples)
            self._epoch = epoch
        return int(self._order[place])
