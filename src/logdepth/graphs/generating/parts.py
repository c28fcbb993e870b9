"""A graph's edges as files in a folder, a part each, and a manifest; whole or not at all; goes on where it stopped.

Until all parts are there they lie in a hidden folder beside, each written under another name and renamed; the same
call goes on with them. What a part holds hangs on the recipe and on the parts' number, not on who made it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.errors import InputError, WriteError
from logdepth.files import check_new_folder, lock, new_file, sha256, write_text_atomically
from logdepth.graphs.generating.kinds import Recipe

MANIFEST = "logdepth.json"
FORMATS = {"parquet": ".parquet", "text": ".txt", "npy": ".npy"}
ROW_GROUP = 1 << 20  # rows of a Parquet file's row groups, and of a piece of text
MOST_PARTS = 100_000
_PLAN = "plan.json"


def generate_parts(
    recipe: Recipe,
    out: Path,
    *,
    parts: int = 1,
    format: str = "parquet",
    threads: int = 1,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Write the graph into the new folder `out`; its manifest. Part p of P has edges `p m // P` to `(p + 1) m // P`.

    Raises `InputError` for a folder that holds something (`force`: but a folder of ours), another process at work on
    it, or numbers out of range; `WriteError` where the disk is full: what is done is kept for the next call.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = generate_parts(Recipe("path", 9), Path(folder) / "edges", parts=2, format="text")
    ...     (Path(folder) / "edges" / made["parts"][1]["name"]).read_text()
    '4 5\\n5 6\\n6 7\\n7 8\\n'
    """
    if format not in FORMATS:
        raise InputError(f"format {format!r} is not one of {', '.join(FORMATS)}")
    if not 1 <= parts <= MOST_PARTS:
        raise InputError(f"--parts is {parts:,}; it must be 1 to {MOST_PARTS:,}")
    if threads < 1:
        raise InputError(f"--workers is {threads}; it must be at least 1")
    if format == "parquet":
        _polars()
    out = Path(out).absolute()
    check_new_folder(out, force=force)
    plan = {**recipe.facts(), "kind": "edges", "graph": recipe.kind, "format": format, "num_parts": parts}
    work = out.with_name(f".{out.name}.partial")
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _failed(work, error) from error
    with lock(work.with_name(f"{work.name}.lock"), f"another process is generating {out}; let it end"):
        made = _write_all(recipe, plan, work, parts, format, threads, progress)
        write_text_atomically(work / MANIFEST, json.dumps(made, indent=1) + "\n")
        (work / _PLAN).unlink(missing_ok=True)
        old = work.with_name(f"{work.name}.old")
        if out.exists():
            os.replace(out, old)
        os.replace(work, out)
        shutil.rmtree(old, ignore_errors=True)
    work.with_name(f"{work.name}.lock").unlink(missing_ok=True)
    return made


def _write_all(
    recipe: Recipe,
    plan: dict[str, Any],
    work: Path,
    parts: int,
    format: str,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> dict[str, Any]:
    """Every part that is not there yet, in a folder begun for this very plan or emptied for it."""
    note = work / _PLAN
    if not note.exists() or note.read_text(encoding="utf-8") != json.dumps(plan):
        for path in work.iterdir():
            path.unlink()
        write_text_atomically(note, json.dumps(plan))
    for path in work.glob(".part-*"):
        path.unlink()  # half written when something was killed
    total, done = recipe.num_edges, 0

    def one(part: int) -> dict[str, Any]:
        first, last = part * total // parts, (part + 1) * total // parts
        path = work / f"part-{part:05d}{FORMATS[format]}"
        if not path.exists():
            with new_file(path) as temporary:
                _write(recipe, first, last, temporary, format)
        return {"name": path.name, "edges": last - first, "bytes": path.stat().st_size, "sha256": sha256(path)}

    found = []
    with ThreadPoolExecutor(threads) as pool:
        try:
            for entry in pool.map(one, range(parts)):
                found.append(entry)
                done += 1
                if progress is not None:
                    progress(done, parts)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {**plan, "parts": found}


def _write(recipe: Recipe, first: int, last: int, path: Path, format: str) -> None:
    if format == "text":
        from logdepth.graphs.generating.kernels import edge_lines

        with path.open("wb") as file:
            for low in range(first, last, ROW_GROUP):
                tail, head = recipe.make(low, min(low + ROW_GROUP, last))
                text = np.empty(40 * len(tail), np.uint8)
                file.write(text[: edge_lines(tail, head, text)].data)
        return
    tail, head = recipe.make(first, last)
    if format == "npy":
        with path.open("wb") as file:
            np.save(file, np.stack([tail, head], axis=1))
        return
    polars = _polars()
    table = polars.DataFrame({"tail": tail, "head": head})
    table.write_parquet(path, row_group_size=ROW_GROUP, statistics=True)


def _polars() -> Any:
    try:
        import polars
    except ImportError:
        raise InputError(
            "writing .parquet needs polars: pip install 'logdepth[graph]' (--format text does not)"
        ) from None
    return polars


def _failed(path: Path, error: OSError) -> WriteError:
    reason = str(error.strerror or error)
    return WriteError(f"cannot write {path}: {reason}", reason=reason)
