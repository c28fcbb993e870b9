"""The training loop: one optimizer step a batch, records, checkpoints that a killed run goes on from.

On a CPU the same config and number of threads give the same numbers to the bit, broken off or not.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from logdepth.errors import InputError
from logdepth.models.build import build_model, choose_device
from logdepth.train.batches import Batches
from logdepth.train.config import TrainConfig
from logdepth.train.evaluate import Score, evaluate
from logdepth.train.folder import RunFolder, load_weights, read_config
from logdepth.train.logs import Log
from logdepth.train.losses import loss_of
from logdepth.train.optimizers import build_optimizers, set_rates
from logdepth.train.subject import Subject, load_compiled_weights, run_subject

Progress = Callable[[int, int], None]


def train(
    config: TrainConfig,
    out: str | Path,
    *,
    device: str | None = None,
    threads: int | None = None,
    logs: Sequence[Log] = (),
    progress: Progress | None = None,
) -> Subject:
    """Train to the end, going on from the folder's last checkpoint; the trained model.

    device: `cuda` if it is there, else `cpu`. threads: torch's, by default those of the broken-off run. Raises
    `InputError` if the loss is not a number, naming the step (the last good checkpoint stays), if the disk is full, or
    if the folder holds another run.

    >>> import tempfile
    >>> from logdepth.train.recipes import fast
    >>> config = fast(num_layers=1, steps=2, batch_size=2, embed_dim=8, max_k=2, length=9)
    >>> train(config, tempfile.mkdtemp() + "/run", threads=1).step
    2
    """
    device = device_for(config, device)
    on_gpu = torch.device(device).type == "cuda"
    folder = RunFolder(out, config)
    before = torch.get_num_threads()
    if on_gpu:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with folder.lock():
            if threads := threads or folder.state.threads:
                torch.set_num_threads(threads)
            folder.begin()
            folder.cut_records()
            torch.manual_seed(config.seed)
            model = build_model(config.model)
            if config.init and not folder.last:
                _start_from(config.init, model)
            model.to(device)
            _Run(config, folder, model, device, list(logs), progress).to_the_end()
    finally:
        torch.set_num_threads(before)
    return run_subject(str(out), model.eval(), config, config.steps)


def device_for(config: TrainConfig, name: str | None) -> str:
    """The device to train on, by default CUDA if it is there. Raises `InputError` if it is not here or does not do.

    >>> from logdepth.train.recipes import fast
    >>> device_for(fast(), "cpu")
    'cpu'
    """
    device = choose_device(name)
    if config.precision == "bfloat16" and torch.device(device).type != "cuda":
        raise InputError("bfloat16 is for CUDA (on a CPU it is slower than float32); give --precision float32")
    return device


class _Run:
    """The state of a run between steps."""

    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder,
        model: nn.Module,
        device: str,
        logs: list[Log],
        progress: Progress | None,
    ) -> None:
        self.config, self.folder, self.model, self.device = config, folder, model, device
        self.logs, self.progress = logs, progress
        self.optimizers = build_optimizers(config, model)
        self.done = folder.load(model, self.optimizers)
        self.loss_of = torch.compile(loss_of) if config.compile else loss_of
        self.batches = Batches(config)

    def to_the_end(self) -> None:
        config, began = self.config, time.perf_counter()
        computed = self.folder.cpu_seconds() - time.process_time()
        upcoming = self._batch(self.done)
        while self.done < config.steps:
            step, batch = self.done, upcoming
            loss = self._step(step, batch)
            self.done += 1
            if self.done < config.steps:
                upcoming = self._batch(self.done)  # while a GPU is busy with this step
            value = float(loss)
            self._check(value)
            last = self.done == config.steps
            row: dict[str, Any] = {"step": self.done, "loss": value}
            if last or self.done % config.evaluate_every == 0:
                scores = self._scores()
                row["strings"] = config.evaluate_strings
                row["errors"] = {str(score.k): score.error for score in scores}
            if "errors" in row or self.done % config.record_every == 0:
                row["seconds"] = round(time.perf_counter() - began, 3)
                row["cpu_seconds"] = round(computed + time.process_time(), 3)
                row = self.folder.record(row)
                for log in self.logs:
                    log(row)
            if last or self.done % config.checkpoint_every == 0:
                self._check(self._loss_now(batch))  # the step itself may have spoilt the weights
                self.folder.save(self.done, self.model, self.optimizers)
            if self.progress is not None:
                self.progress(self.done, config.steps)

    def _batch(self, step: int) -> tuple[Tensor, Tensor, Tensor | None]:
        batch = self.batches[step]
        every = None if batch.every is None else self._tensor(batch.every)
        return self._tensor(batch.ids), self._tensor(batch.targets), every

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.device, non_blocking=True)

    def _step(self, step: int, batch: tuple[Tensor, Tensor, Tensor | None]) -> Tensor:
        self.model.train()
        kind = torch.device(self.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            loss = self.loss_of(self.config, self.model, *batch)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        set_rates(self.config, self.optimizers, step)
        for optimizer in self.optimizers:
            optimizer.step()
        return loss.detach()

    def _check(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise InputError(f"the loss is {loss} at step {self.done:,}; {self.folder.kept()}")

    @torch.no_grad()
    def _loss_now(self, batch: tuple[Tensor, Tensor, Tensor | None]) -> float:
        """The loss of the weights as they are, without dropout; torch's generator is left as it was."""
        return float(loss_of(self.config, self.model.eval(), *batch))

    def _scores(self) -> list[Score]:
        """A quick look while training: few strings, dropout off, torch's generator left as it was."""
        config = self.config
        subject = run_subject(str(self.folder.path), self.model.eval(), config, self.done)
        task = subject.task
        common = {"strings": config.evaluate_strings, "seed": config.seed, "positions": subject.positions}
        return evaluate(task, subject.predict, task.questions, **common)


def _start_from(init: str, model: nn.Module) -> None:
    path = Path(init)
    if (path / "logdepth.json").is_file():
        load_compiled_weights(path, model)
        return
    read_config(path)
    if not load_weights(path, model):
        raise InputError(f"{init} has no checkpoint to start from")
