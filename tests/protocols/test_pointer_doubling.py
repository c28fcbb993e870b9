from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.mpc.spec import Spec
from logdepth.protocols.lookup import check, may_ask
from logdepth.protocols.pointer_doubling import POINTER_DOUBLING, Pointers
from logdepth.protocols.protocol_bounds import read_rounds
from tests.protocols.laws import by_sorting, check_laws


def power_by_steps(ptr: np.ndarray, power: int) -> np.ndarray:
    out = np.arange(len(ptr))
    for _ in range(power):
        out = ptr[out]
    return out


def ends_by_steps(ptr: np.ndarray) -> np.ndarray:
    return power_by_steps(ptr, len(ptr))
