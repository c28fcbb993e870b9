"""A run's folder: config, records, checkpoints. Every file appears whole; `state.json`, which names them, comes last.

config.json              version and config; a run with another config is refused
records.jsonl            one row a measured step, each with an id that hashes run and step
step-004000.safetensors  the weights after 4,000 steps; step-004000.state: optimizers and random generators
state.json               the last whole checkpoint, the SHA-256 of its files, and the number of threads
tensorboard/             the same records as TensorBoard logs
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from logdepth.errors import FolderError, InputError, WriteError
from logdepth.files import lock, new_file, sha256, write_text_atomically
from logdepth.records import Record
from logdepth.train.config import TrainConfig
from logdepth.train.names import UNNAMED
from logdepth.train.tensors import read_tensors

VERSION = 1


@dataclass(frozen=True)
class RunState:
    """What `state.json` says: the step of the last whole checkpoint (0: none), torch's threads, each file's SHA-256."""

    step: int = 0
    threads: int | None = None
    sha256: dict[str, str] = field(default_factory=dict)


class RunFolder:
    """The folder of one run: made if absent, taken up if it holds the same config (but for how often to look or write).

    Raises `InputError` if it holds another run or something else, `FolderError` if it is of another version or damaged.
    """

    def __init__(self, path: str | Path, config: TrainConfig) -> None:
        self.path, self.config = Path(path), config
        if (self.path / "config.json").exists():
            mine, theirs = config, read_config(self.path)
            names = [field.name for field in fields(config) if field.name not in UNNAMED]
            differing = [name for name in names if getattr(mine, name) != getattr(theirs, name)]
            if differing:
                raise InputError(f"{path} holds a run with another {', '.join(differing)}; give another --out")
        else:
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise InputError(f"{path} exists and holds no run; give another --out")
            content = {"version": VERSION, "config": config.to_json()}
            write_text_atomically(self.path / "config.json", json.dumps(content, indent=1) + "\n")
        self.state = read_state(self.path)

    @property
    def last(self) -> int:
        """The step of the last whole checkpoint, 0 if there is none."""
        return self.state.step

    def cut_records(self) -> None:
        """Rows beyond the last checkpoint will be measured again (and a row torn by a kill goes)."""
        path = self.path / "records.jsonl"
        if path.exists():
            kept = [json.dumps(row) + "\n" for row in read_records(self.path) if row["step"] <= self.last]
            write_text_atomically(path, "".join(kept))

    def cpu_seconds(self) -> float:
        """Of all threads, from the first step up to the last row kept, however often the run was broken off."""
        return max((row.get("cpu_seconds", 0.0) for row in read_records(self.path)), default=0.0)

    def begin(self) -> None:
        """Note the number of threads before the first step: broken off before a checkpoint, the run keeps it."""
        if self.state.threads is None:
            self.state = replace(self.state, threads=torch.get_num_threads())
            write_state(self.path, self.state)

    def record(self, values: dict[str, Any]) -> dict[str, Any]:
        """Append a row with its id. Raises `InputError` if it cannot be written."""
        row = {"id": Record("train", {"run": self.config.id, "step": values["step"]}).id, **values}
        try:
            with (self.path / "records.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise InputError(f"cannot write {self.path}: {error.strerror or error}; {self.kept()}") from error
        return row

    def save(self, step: int, model: nn.Module, optimizers: list[torch.optim.Optimizer]) -> None:
        """A checkpoint; the one before goes when this one is whole. Raises `InputError` if it cannot be written."""
        from safetensors.torch import save

        tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
        state: dict[str, Any] = {
            "optimizers": [optimizer.state_dict() for optimizer in optimizers],
            "generator": torch.get_rng_state(),
        }
        if torch.cuda.is_available():
            state["cuda_generators"] = torch.cuda.get_rng_state_all()
        try:
            with new_file(self._weights(step), force=True) as temporary:
                temporary.write_bytes(save(tensors))
            with new_file(self._state(step), force=True) as temporary, temporary.open("wb") as file:
                torch.save(state, file)
            digests = {file.name: sha256(file) for file in (self._weights(step), self._state(step))}
            after = RunState(step, torch.get_num_threads(), digests)
            write_state(self.path, after)
        except (OSError, RuntimeError, WriteError) as error:
            reason = error.reason if isinstance(error, WriteError) else getattr(error, "strerror", None) or error
            raise InputError(
                f"cannot write the checkpoint of step {step:,} to {self.path}: {reason}; {self.kept()}"
            ) from error
        before, self.state = self.last, after
        if before != step:
            for path in (self._weights(before), self._state(before)):
                path.unlink(missing_ok=True)

    def load(self, model: nn.Module, optimizers: list[torch.optim.Optimizer]) -> int:
        """Load the last checkpoint, if any; the number of steps done. Raises `FolderError` if it does not fit."""
        if not self.last:
            return 0
        load_weights(self.path, model)
        check_digest(self._state(self.last), self.state)
        try:
            state = read_tensors(self._state(self.last))
            for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            torch.set_rng_state(state["generator"])
        except FolderError:
            raise
        except Exception as error:  # key, shape and type errors, each of its own class
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise FolderError(f"{self._state(self.last)} does not fit the run: {reason}") from error
        if torch.cuda.is_available() and len(state.get("cuda_generators", [])) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["cuda_generators"])
        return self.last

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Within the block no other process trains here, and `state` is what the last one left. Raises `InputError` if
        one does."""
        with lock(self.path / ".lock", f"another process is training in {self.path}"):
            self.state = read_state(self.path)
            yield

    def kept(self) -> str:
        """What there is to go on from, for error messages."""
        return f"the checkpoint of step {self.last:,} is kept" if self.last else "there is no checkpoint yet"

    def _weights(self, step: int) -> Path:
        return weights_path(self.path, step)

    def _state(self, step: int) -> Path:
        return self.path / f"step-{step:06d}.state"


def weights_path(path: Path, step: int) -> Path:
    """The weights after so many steps."""
    return Path(path) / f"step-{step:06d}.safetensors"


def is_run(path: str | Path) -> bool:
    """Whether a folder looks like a run, of any version, damaged or not: the config.json of other programs is JSON, and
    names neither a version nor a config."""
    file = Path(path) / "config.json"
    if not file.is_file():
        return False
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    return isinstance(found, dict) and bool({"version", "config"} & set(found))


def read_config(path: str | Path) -> TrainConfig:
    """The config of a run folder. Raises `FolderError` if it is none, is damaged, or of another version."""
    file = Path(path) / "config.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        version, content = found["version"], found["config"]
    except FileNotFoundError:
        raise FolderError(f"{path} is no run folder: it has no config.json") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FolderError(f"{file} is damaged, or not the config of a run: {type(error).__name__}: {error}") from error
    if version != VERSION:
        raise FolderError(f"{path} is a run of version {version}; this logdepth reads version {VERSION}")
    try:
        return TrainConfig.from_json(content)
    except (InputError, KeyError) as error:
        raise FolderError(f"{file}: {error}") from error


def write_state(path: Path, state: RunState) -> None:
    """Name the checkpoint that counts, the files being there."""
    write_text_atomically(path / "state.json", json.dumps(asdict(state)))


def read_state(path: str | Path) -> RunState:
    """What `state.json` says, or the state of a run that has none yet. Raises `FolderError` if it is damaged."""
    file = Path(path) / "state.json"
    if not file.exists():
        return RunState()
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return RunState(int(found["step"]), found["threads"], dict(found["sha256"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FolderError(f"{file} cannot be read: {error}") from error


def read_records(path: str | Path) -> list[dict[str, Any]]:
    """The rows of a run, as far as they are whole."""
    file = Path(path) / "records.jsonl"
    rows = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def check_digest(file: Path, state: RunState) -> None:
    """Raise `FolderError` if a checkpoint's file is missing, or is not the one that the run wrote."""
    if not file.exists():
        raise FolderError(f"{file} is missing")
    if sha256(file) != state.sha256.get(file.name):
        raise FolderError(f"{file} was damaged or replaced: its SHA-256 is not the one in state.json")


def load_weights(run: str | Path, model: nn.Module) -> int:
    """Load the weights of a run's last checkpoint; its step, 0 if there is none yet (nothing is loaded).

    Raises `FolderError` if they are missing, damaged or replaced, or do not fit the model, naming what is odd.
    """
    from safetensors.torch import load_file

    state = read_state(run)
    if not state.step:
        return 0
    path = weights_path(Path(run), state.step)
    check_digest(path, state)
    try:
        found = load_file(path)
    except Exception as error:  # safetensors' own class
        raise FolderError(f"{path} cannot be read: {error}") from error
    wanted = model.state_dict()
    odd = [f"missing {name}" for name in wanted if name not in found]
    odd += [f"unexpected {name}" for name in found if name not in wanted]
    for name in found:
        if name in wanted and found[name].shape != wanted[name].shape:
            odd.append(f"{name} is {tuple(found[name].shape)}, the config says {tuple(wanted[name].shape)}")
    if odd:
        raise FolderError(f"{path} contradicts its config: {'; '.join(odd[:3])}{' ..' if len(odd) > 3 else ''}")
    model.load_state_dict(found)
    return state.step
