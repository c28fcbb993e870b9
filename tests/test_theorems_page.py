"""docs/theorems.md: its examples run."""

import doctest
from pathlib import Path


def test_the_page():
    failures, examples = doctest.testfile(
        str(Path(__file__).parents[1] / "docs" / "theorems.md"), module_relative=False
    )
    assert examples > 15 and not failures
