"""Everything about graph files holds for both readers of lines: the compiled parser, and Python's for small files."""

import pytest

from logdepth.graphs import scan


@pytest.fixture(scope="module", params=["compiled", "python"], autouse=True)
def reader(request):
    kept = scan.SMALL_BYTES
    scan.SMALL_BYTES = 0 if request.param == "compiled" else 2**62
    yield request.param
    scan.SMALL_BYTES = kept
