"""Array annotations are checked in tests: a wrong shape or kind raises, in every package that is to be checked."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from logdepth.lang import interpreter
from logdepth.models.build import build_model
from logdepth.models.config import ModelConfig
from logdepth.models.inside import attention_of
from logdepth.mpc.words import pack_bits
from logdepth.protocols.arrays import owner
from logdepth.transformer import Affine
from logdepth.transformer.attention import hard_attention


def test_wrong_shapes_raise() -> None:
    with pytest.raises(TypeCheckError):
        hard_attention(np.zeros((2, 2)), 1.0)
    with pytest.raises(TypeCheckError):
        Affine(np.zeros((2, 3)), np.zeros(3))
