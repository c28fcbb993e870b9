"""Edges in many files, read by whoever needs a range of them: names and counts first, rows when asked for.

`survey` looks at every part once and says how many edges it holds; `EdgeUnit`s are the pieces that are read by
themselves: rows of a Parquet or .npy file, a byte range of a text file at the borders of its lines.
"""

from __future__ import annotations

from logdepth.graphs.parts.listing import PartFile, is_partitioned, list_parts
from logdepth.graphs.parts.reading import read_unit
from logdepth.graphs.parts.survey import PartsSurvey, survey
from logdepth.graphs.parts.units import EdgeUnit

__all__ = ["EdgeUnit", "PartFile", "PartsSurvey", "is_partitioned", "list_parts", "read_unit", "survey"]
