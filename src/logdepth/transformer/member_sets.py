"""What a head's coordinates of words and sets hold at every slot, read off its own maps and checked."""

from __future__ import annotations

import numpy as np

from logdepth.errors import InputError
from logdepth.transformer.buckets import Members
from logdepth.transformer.columns import Columns
from logdepth.transformer.parts import SetRows
from logdepth.transformer.rowmaps import Affine


def members_of(rows: SetRows, query: Affine, key: Affine, x: Columns, what: str) -> tuple[Members, float]:
    """The words and the sets, and the unit u. Raises `InputError` where a side is not what it should be: at a key other
    than the start token's, or a query."""
    key_is_word = rows.one_hot == "key"
    word_side, set_side = (key, query) if key_is_word else (query, key)
    size = rows.last - rows.first
    word, total = np.zeros(x.num_slots, np.int32), np.zeros(x.num_slots, np.int32)
    sets = np.zeros((x.num_slots, -(-size // 8)), np.uint8)
    unit, scale = 0.0, 0.0
    first_word, first_set = (1, 0) if key_is_word else (0, 1)
    for place, row in enumerate(range(rows.first, rows.last)):
        hot = x.form(word_side.weight[row], float(word_side.bias[row]), what)
        signs = x.form(set_side.weight[row], float(set_side.bias[row]), what)
        scale = scale or float(hot[first_word:].max(initial=0.0))
        unit = unit or float(np.abs(signs[first_set:]).max(initial=0.0))
        is_hot = hot == scale
        if (hot[first_word:][~is_hot[first_word:]] != 0).any():
            raise InputError(f"{what}: its word has a coordinate that is neither 0 nor {scale:g}")
        if (np.abs(signs[first_set:]) != unit).any():
            raise InputError(f"{what}: its set has a coordinate that is neither {unit:g} nor {-unit:g}")
        if scale:
            word[is_hot] = place
            total += is_hot
        sets[:, place // 8] |= (signs > 0).astype(np.uint8) << np.uint8(place % 8)
    if (total[first_word:] != 1).any():
        at = first_word + int(np.argmax(total[first_word:] != 1))
        raise InputError(f"{what}: {total[at]} of its word's coordinates are {scale:g} at slot {at}, not one")
    return Members(key_is_word, word, sets, size), (scale or 1.0) * (unit or 1.0)
