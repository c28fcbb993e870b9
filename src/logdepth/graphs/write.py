"""Tables of answers: named columns to .parquet, .csv, .tsv or .npz. Reads nothing, and knows nothing of graphs."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from logdepth.errors import InputError
from logdepth.files import new_file

SUFFIXES = (".parquet", ".csv", ".tsv", ".npz")


def check_table_path(path: str | Path) -> None:
    """Raise `InputError` if `write_table` could not write this kind of file: a suffix, or polars, that is missing."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path}: unknown suffix; a table is written as {', '.join(SUFFIXES)}")
    if suffix != ".npz" and importlib.util.find_spec("polars") is None:
        raise InputError(f"writing {suffix} needs polars: pip install 'logdepth[graph]' (.npz does not)")


def write_table(path: str | Path, columns: Mapping[str, np.ndarray]) -> None:
    """Write columns of one length, (num_rows,) each; whole or not at all, replacing a file that is there.

    The suffix chooses the format. Strings (object arrays of str) are UTF-8; in .npz they become NumPy's "U".
    Raises `InputError` for another suffix, columns that differ in length or are neither numbers, booleans nor
    strings, or a place that cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.csv"
    ...     write_table(path, {"vertex": np.array([7, 9]), "component": np.array([0, 0])})
    ...     path.read_text()
    'vertex,component\\n7,0\\n9,0\\n'
    """
    path = Path(path)
    check_table_path(path)
    suffix = path.suffix.lower()
    arrays = {name: _column(path, name, values) for name, values in columns.items()}
    if len({len(array) for array in arrays.values()}) != 1:
        lengths = ", ".join(f"{name}: {len(array)}" for name, array in arrays.items()) or "none"
        raise InputError(f"{path}: the columns of a table have one length ({lengths})")
    if suffix == ".npz":
        if reserved := {"file", "allow_pickle"} & arrays.keys():
            raise InputError(f"{path}: NumPy cannot store a column called {reserved.pop()!r} in .npz; rename it")
        with new_file(path, force=True) as temporary, temporary.open("wb") as file:
            np.savez(
                file, allow_pickle=False, **{n: a.astype("U") if a.dtype == object else a for n, a in arrays.items()}
            )
        return
    import polars

    table = polars.DataFrame(
        [
            polars.Series(n, a.tolist() if a.dtype == object else a, polars.String if a.dtype == object else None)
            for n, a in arrays.items()
        ]
    )
    with new_file(path, force=True) as temporary:
        if suffix == ".parquet":
            table.write_parquet(temporary)
        else:
            table.write_csv(temporary, separator="\t" if suffix == ".tsv" else ",")


def _column(path: Path, name: str, values: np.ndarray) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind in "UT":
        array = array.astype(object)
    strings = array.dtype == object and all(isinstance(value, str) for value in array.flat)
    if array.ndim != 1 or not (strings or array.dtype.kind in "biuf"):
        raise InputError(f"{path}: column {name!r} is {array.dtype} {array.shape}; one dimension of numbers or strings")
    return array
