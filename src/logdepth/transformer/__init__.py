"""The paper's transformer as an exact object: heads with row-wise maps between them. No torch."""

from logdepth.transformer.attention import ATTENTION
from logdepth.transformer.parts import Embedding, Head, Layer, Readout, SetRows
from logdepth.transformer.rowmaps import Affine, Circuit, Purpose, RowFunction
from logdepth.transformer.trace import SparseTrace, Trace
from logdepth.transformer.transformer import Transformer

__all__ = [
    "ATTENTION",
    "Affine",
    "Circuit",
    "Embedding",
    "Head",
    "Layer",
    "Purpose",
    "Readout",
    "RowFunction",
    "SetRows",
    "SparseTrace",
    "Trace",
    "Transformer",
]
