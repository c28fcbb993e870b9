"""Graphs to try things on, made in parts: the same edges and the same bytes however many threads make them."""

from __future__ import annotations

from logdepth.graphs.generating.kinds import KINDS, Recipe
from logdepth.graphs.generating.parts import generate_parts

__all__ = ["KINDS", "Recipe", "generate_parts"]
