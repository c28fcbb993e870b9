"""An experiment of the paper: which runs at which scale, rows out of the runs, pictures out of the rows alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logdepth.errors import InputError
from logdepth.files import write_text_atomically
from logdepth.records import Record
from logdepth.train.config import TrainConfig
from logdepth.train.folder import RunFolder, read_state
from logdepth.train.names import first_id
from logdepth.train.recipes import fast, paper
from logdepth.train.subject import Subject, load_subject
from logdepth.train.sweep import run_folder, sweep

SCALES = ("smoke", "cpu", "full")
Rows = list[dict[str, Any]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Measure:
    """What is measured of a run: rows(subject, scale).

    version: goes up whenever the same run would give other rows, so that those kept from before are not taken for them.
    """

    name: str
    version: int
    rows: Callable[[Subject, str], Rows]

    @property
    def id(self) -> str:
        """Name and version, as rows and folders have it.

        >>> Measure("errors", 2, lambda subject, scale: []).id
        'errors-2'
        """
        return f"{self.name}-{self.version}"


@dataclass(frozen=True)
class Experiment:
    """name: of the command; figures: the paper's; runs(scale): the configs; draw(rows, folder): the files it wrote,
    pictures and tables, from rows alone."""

    name: str
    figures: str
    title: str
    runs: Callable[[str], list[TrainConfig]]
    measure: Measure
    draw: Callable[[Rows, Path], list[Path]]


@dataclass(frozen=True)
class Reproduction:
    """What came of it: the rows, and the files that show them."""

    rows: Rows
    files: list[Path]


def configs(scale: str, depths: Sequence[int], *, seeds: Sequence[int] = (0,), **options: Any) -> list[TrainConfig]:
    """The runs of a scale: `smoke` shows in seconds that everything works; `cpu` is the `fast` recipe at the paper's
    sizes; `full` is the paper's own recipe. Raises `InputError` for other scales.

    >>> [config.model.num_layers for config in configs("full", [2, 3])]
    [2, 3]
    """
    if scale == "smoke":
        small = [depth for depth in depths if depth <= 3]
        return [_smoke(depth, seed, options.get("samples")) for depth in small for seed in seeds[:1]]
    if scale not in SCALES:
        raise InputError(f"scale is {scale!r}; there are: {', '.join(SCALES)}")
    recipe = fast if scale == "cpu" else paper
    return [recipe(depth, seed=seed, **options) for depth in depths for seed in seeds]


def _smoke(depth: int, seed: int, samples: int | None) -> TrainConfig:
    settings: dict[str, Any] = {"evaluate_strings": 20, "evaluate_every": 100, "batch_size": 16, "samples": samples}
    return fast(depth, embed_dim=32, max_k=4, length=30, steps=150, seed=seed, **settings)


def smoke_mark(rows: Rows) -> str:
    """What goes before a title made of rows of scale `smoke`, so that nobody takes it for a result; else nothing.

    >>> smoke_mark([{"scale": "cpu"}])
    ''
    """
    return "SMOKE TEST, tiny nets that learned next to nothing: " if rows[0]["scale"] == "smoke" else ""


def training_of(rows: Rows) -> str:
    """What a caption has to say of how the nets of these rows were trained and measured.

    >>> training_of([{"auxiliary_weight": 4.0, "steps": 2000, "seed": 0}])
    'every k asked at every slot in training, 2,000 steps, 1 seed, dropout off'
    """
    asked = "every k asked at every slot in training" if rows[0]["auxiliary_weight"] else "one k asked in training"
    steps = " or ".join(f"{count:,}" for count in sorted({row["steps"] for row in rows}))
    seeds = len({row["seed"] for row in rows})
    return f"{asked}, {steps} steps, {seeds} seed{'s' * (seeds > 1)}, dropout off"


def strings_for(scale: str) -> int:
    """Strings for each k in an evaluation."""
    return 50 if scale == "smoke" else 1000


def reproduce(
    experiment: Experiment,
    scale: str,
    out: str | Path,
    *,
    resume: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
    known: str | Path | None = None,
) -> Reproduction:
    """Train what is missing in `out/runs`, measure into `out/measured` (both shared), draw into `out/<name>-<scale>`.

    Rows of a run are kept; it is neither trained nor measured again. known: a file of rows measured elsewhere, which
    are taken as they are. Raises `InputError` for another scale, a file that holds no rows, or if runs were broken off
    and `resume` is not given.
    """
    out = Path(out)
    chosen = experiment.runs(scale)
    taken = {} if known is None else read_known(known, experiment.measure, scale)
    places = {c.id: out / "measured" / f"{experiment.measure.id}-{scale}" / f"{c.id}.jsonl" for c in chosen}
    todo = [config for config in chosen if not (names_of(config) & taken.keys() or places[config.id].exists())]
    begun = [config for config in todo if 0 < read_state(run_folder(out / "runs", config)).step < config.steps]
    if begun and not resume:
        raise InputError(f"{len(begun)} runs in {out / 'runs'} were broken off; give --resume to go on with them")
    folders = sweep(todo, out / "runs", workers=workers, progress=progress)
    for config in todo:
        found = measured(experiment.measure, config, folders[config.id], scale)
        write_text_atomically(places[config.id], "".join(json.dumps(row) + "\n" for row in found))
    rows: Rows = []
    for config in chosen:
        if name := min(names_of(config) & taken.keys(), default=None):
            rows += taken[name]
        else:
            rows += [json.loads(line) for line in places[config.id].read_text(encoding="utf-8").splitlines()]
    folder = out / f"{experiment.name}-{scale}"
    write_text_atomically(folder / "rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return Reproduction(rows, [folder / "rows.jsonl", *experiment.draw(rows, folder)])


def names_of(config: TrainConfig) -> set[str]:
    """The names that a run's rows may have: its id, and its first one (`train/names.py`)."""
    return {name for name in (config.id, first_id(config)) if name}


def read_known(path: str | Path, measure: Measure, scale: str) -> dict[str, Rows]:
    """Rows measured elsewhere by the name of their run; those of another measure, version or scale are left out."""
    rows: dict[str, Rows] = {}
    try:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row.get("measure", measure.id) == measure.id and row["scale"] == scale:
                rows.setdefault(row["run"], []).append(row)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path} holds no rows of an experiment") from None
    return rows


def measured(measure: Measure, config: TrainConfig, folder: Path, scale: str) -> Rows:
    """The rows of a finished run: what determines each, the hash of that, the CPU seconds that its training took."""
    where = {"measure": measure.id, "run": config.id, "scale": scale}
    spent = {"train_cpu_seconds": RunFolder(folder, config).cpu_seconds()}
    return [
        {"id": Record("measured", {**where, "row": place}).id, **where, **spent, **row}
        for place, row in enumerate(measure.rows(load_subject(folder), scale))
    ]
