"""The readout as a look-up: where logits are agreements of bits, the answer is the token whose bits the row has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from logdepth.errors import InputError
from logdepth.transformer.columns import Columns
from logdepth.transformer.parts import Readout


@dataclass(frozen=True, eq=False)
class TokenLookup:
    """coordinates: the bits of an answer. codes, ids: of every token that can be an answer, in order of its code."""

    readout: Readout
    coordinates: Int[np.ndarray, " bits"]
    codes: Int[np.ndarray, " answers"]
    ids: Int[np.ndarray, " answers"]

    def __call__(self, x: Columns) -> Int[np.ndarray, " slots"]:
        """The argmax of the logits at every slot. Raises `InputError` where a row's bits are no token's."""
        codes = x.codes(self.coordinates, np.zeros(len(self.coordinates), bool), 1, "the readout")
        at = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        missing = np.flatnonzero(self.codes[at[1:]] != codes[1:])
        if missing.size:
            raise InputError(f"the readout: the bits at slot {missing[0] + 1} are no token's; hash attention needs one")
        found = self.ids[at]
        found[0] = _argmax(self.readout, x.at(0))
        return found


def token_lookup(readout: Readout, known: Float[np.ndarray, " m"]) -> TokenLookup:
    """Reads the bits off the readout's map: `known` as in `exact_match.py`.

    A token whose weights are all -1 or 1 on the p bits has a logit of p + constant where they agree, and p - 2 +
    constant at most elsewhere. Raises `InputError` unless these constants are one number, and every other token's logit
    always stays below p plus it.
    """
    weight, bias = readout.map.weight, readout.map.bias
    unknown = np.isnan(known)
    read = [c for c in np.flatnonzero(unknown).tolist() if weight[:, c].any()]
    constant = bias.astype(np.float64)
    for c in np.flatnonzero(~unknown).tolist():
        if known[c]:
            constant = constant + known[c] * weight[:, c]
    all_bits, reach = np.ones(len(bias), bool), np.zeros(len(bias))
    codes = np.zeros(len(bias), np.int64)
    for place, c in enumerate(read[:62]):
        column = weight[:, c]
        all_bits &= np.abs(column) == 1
        reach += np.abs(column)
        codes |= (column > 0).astype(np.int64) << place
    level = constant[all_bits].max(initial=-np.inf)
    answers = all_bits & (constant == level)
    if len(read) > 62 or ((~answers).any() and (reach + constant)[~answers].max() >= len(read) + level):
        raise InputError("the readout: its logits are no agreements of bits, so hash attention cannot look tokens up")
    ids = np.flatnonzero(answers)
    order = np.argsort(codes[ids], kind="stable")  # of tokens with the same bits the least id, as argmax has it
    return TokenLookup(readout, np.array(read, np.int64), codes[ids][order], ids[order])


def _argmax(readout: Readout, row: Float[np.ndarray, " m"]) -> int:
    logits = readout.map.bias.astype(np.float64)
    for c in np.flatnonzero(row).tolist():
        logits = logits + row[c] * readout.map.weight[:, c]
    return int(logits.argmax())
