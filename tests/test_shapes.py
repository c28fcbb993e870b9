"""Array annotations are checked in tests: a wrong shape or kind raises, in every package that is to be checked."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from logdepth.lang.interpreter import interpret
from logdepth.models.build import build_model
from logdepth.models.config import ModelConfig
from logdepth.models.inside import attention_of
from logdepth.mpc.kernels import NumpyKernels
from logdepth.mpc.spec import Spec
from logdepth.programs import khop_rank
from logdepth.protocols.arrays import block_owner
from logdepth.transformer import Affine
from logdepth.transformer.attention import hard_attention


def test_transformer() -> None:
    with pytest.raises(TypeCheckError):
        hard_attention(np.zeros((2, 2)), 1.0)
    with pytest.raises(TypeCheckError):
        Affine(np.zeros((2, 3)), np.zeros(3))


def test_mpc() -> None:
    kernels, starts = NumpyKernels(), np.array([0, 2])
    with pytest.raises(TypeCheckError):
        kernels.owner(np.array([0.5]), 2)
    with pytest.raises(TypeCheckError):
        kernels.select(starts, np.array([True, False, True]), [np.arange(2)])


def test_protocols() -> None:
    with pytest.raises(TypeCheckError):
        block_owner(Spec(2, 10, 5), np.zeros((2, 2), int), 4)


def test_models() -> None:
    model = build_model(ModelConfig("modern", vocab_size=7, max_length=5, num_layers=1, num_heads=2, embed_dim=8))
    with pytest.raises(TypeCheckError):
        attention_of(model, torch.zeros(3, dtype=torch.long))


def test_the_language() -> None:
    graph = khop_rank.trace(length=5, alphabet_size=3, k=1)
    assert interpret(graph, np.zeros((1, 5), int)).shape == (1, 6)
    for strings in (np.zeros(5, int), np.zeros((1, 5, 1), int), np.zeros((1, 5)), np.zeros((1, 5), bool)):
        with pytest.raises(TypeCheckError):
            interpret(graph, strings)
    with pytest.raises(TypeCheckError):  # one length for two sequences
        interpret(graph, np.zeros((2, 5), int), lengths=np.array([5]))
