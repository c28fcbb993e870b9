"""In tests the array annotations of these packages are checked as functions are called: kinds and shapes."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from jaxtyping import install_import_hook
from tests.shapes import check_arrays

CHECKED = ("lang", "transformer", "mpc", "protocols", "models", "separations", "simulation")
# Numba takes functions as they are written; tables are made at every step, and checking them doubles the tests' time.
# Steps of a protocol written inside a function travel to Ray's workers, which a check around them cannot.
LEFT_OUT = ("numba_kernels", "table", "labels")


def _modules() -> list[str]:
    """The modules of the checked packages that say shapes, by name. Nothing is imported yet."""
    spec = find_spec("logdepth")
    assert spec is not None and spec.submodule_search_locations
    root = Path(spec.submodule_search_locations[0])
    files = [file for package in CHECKED for file in sorted((root / package).glob("**/*.py"))]
    return [
        ".".join(("logdepth", *file.relative_to(root).with_suffix("").parts))
        for file in files
        if file.stem not in LEFT_OUT and "from jaxtyping import" in file.read_text(encoding="utf-8")
    ]


install_import_hook(_modules(), f"{check_arrays.__module__}.{check_arrays.__name__}")
