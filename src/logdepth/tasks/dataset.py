"""Any task as a torch dataset. The only file of the tasks that needs torch, imported when it is asked for."""

from __future__ import annotations

import numpy as np
import torch
from torch.utils.data import Dataset

from logdepth.tasks.task import IGNORED, Sampler


class TaskDataset(Dataset):
    """Instances `first .. first + size - 1` of a sampler as `{"input_ids", "labels"}` for a Trainer.

    `labels[i]` is the answer *at* position i. Hugging Face causal language models shift labels by one, so a
    model trained with them needs a loss that does not (`logits` against `labels`, position by position).
    Batches are read at once (`__getitems__`), so a DataLoader makes one call a batch.

    >>> from logdepth.tasks.khop import KhopSampler
    >>> dataset = TaskDataset(KhopSampler(length=5, alphabet_size=3, k=1), size=4)
    >>> len(dataset), dataset[0]["input_ids"].dtype
    (4, torch.int64)
    """

    def __init__(self, sampler: Sampler, size: int, first: int = 0) -> None:
        self.sampler, self.size, self.first = sampler, size, first

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        if not 0 <= index < self.size:
            raise IndexError(index)
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: list[int]) -> list[dict[str, torch.Tensor]]:
        """Several instances; neighbours in the stream are drawn in one call."""
        items: list[dict[str, torch.Tensor]] = []
        order = np.asarray(indices)
        for run in np.split(order, np.flatnonzero(np.diff(order) != 1) + 1):
            if not run.size:
                continue
            batch = self.sampler.batch(self.first + int(run[0]), len(run))
            inputs = batch.inputs.astype(np.int64)
            if batch.targets.ndim == 1:
                labels = np.full(inputs.shape, IGNORED)
                labels[:, -1] = batch.targets
            else:
                labels = batch.targets.astype(np.int64)
            for row in range(len(run)):
                items.append({"input_ids": torch.from_numpy(inputs[row]), "labels": torch.from_numpy(labels[row])})
        return items
