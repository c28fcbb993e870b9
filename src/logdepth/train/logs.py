"""Where records go besides `records.jsonl`: TensorBoard, Weights & Biases. A log is a function of a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from logdepth.errors import InputError
from logdepth.train.config import TrainConfig
from logdepth.train.folder import read_state

Log = Callable[[dict[str, Any]], None]


@contextmanager
def tensorboard_log(run: str | Path) -> Iterator[Log | None]:
    """Writes `run/tensorboard`; what is there from beyond the run's last checkpoint is struck out. None if it is not
    installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        yield None
        return
    writer: SummaryWriter | None = None

    def log(row: dict[str, Any]) -> None:
        nonlocal writer
        if writer is None:  # not before the run has begun: until then another process may be training here
            last = read_state(run).step
            writer = SummaryWriter(str(Path(run) / "tensorboard"), purge_step=last + 1 if last else None)
        for name, value in _scalars(row).items():
            writer.add_scalar(name, value, row["step"])
        writer.flush()

    try:
        yield log
    finally:
        if writer is not None:
            writer.close()


@contextmanager
def wandb_log(project: str, config: TrainConfig) -> Iterator[Log]:
    """A Weights & Biases run named by the config's id, taken up again when the run is. Raises `InputError` if wandb is
    not installed."""
    try:
        wandb = import_module("wandb")
    except ImportError as error:
        raise InputError("wandb is not installed: pip install wandb") from error
    run = wandb.init(project=project, id=config.id, resume="allow", config=config.to_json())
    try:
        yield lambda row: run.log(_scalars(row), step=row["step"])
    finally:
        run.finish()


def _scalars(row: dict[str, Any]) -> dict[str, float]:
    found = {"loss": row["loss"]}
    found |= {f"error/k={k}": error for k, error in row.get("errors", {}).items() if error is not None}
    return found
