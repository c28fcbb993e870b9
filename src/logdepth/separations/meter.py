"""The communication meter: a model played at the blackboard, answers against its own, bits against the bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Integer

from logdepth.errors import InputError
from logdepth.separations.blackboard import Played, play, segments
from logdepth.separations.layered_chase import chase_to_hops, layered_chase
from logdepth.theory.chasing import chase_bits

BATCH = 250
COROLLARIES = {"rnn": "Corollary 5.2", "ssm": "Corollary 5.2", "performer": "Corollary 5.3"}
COROLLARIES |= {"longformer": "Corollary 5.4", "cot": "Corollary 5.6"}


@dataclass(frozen=True)
class MeterReading:
    """What was played.

    rounds, players, length: of the protocol. bits[round][j]: what the j-th to write wrote, P_k first. formula: the
    same by the formulas of the proofs. inputs: how many; same: of them, on how many the protocol said what the model
    says; largest_gap: the greatest difference of their outputs; right: the share of right answers, where known.
    bound: N / k^6, below which, times an open constant, no protocol of fewer than k rounds is right; None if the rounds
    are k or more, and the bound allows it.
    """

    arch: str
    theorem: str
    players: int
    length: int
    rounds: int
    bits: tuple[tuple[int, ...], ...]
    formula: tuple[tuple[int, ...], ...]
    inputs: int
    same: int
    largest_gap: float
    right: float | None
    bound: Fraction | None

    @property
    def bits_a_round(self) -> int:
        """s: the longest message."""
        return max(max(row) for row in self.bits)

    @property
    def counted_is_formula(self) -> bool:
        return self.bits == self.formula

    @property
    def needs_constant(self) -> Fraction | None:
        """The constant from which on the bound says that no such protocol is right."""
        return None if self.bound is None or self.bound == 0 else self.bits_a_round / self.bound

    def to_json(self) -> dict[str, Any]:
        found = asdict(self)
        found |= {"bits_a_round": self.bits_a_round, "counted_is_formula": self.counted_is_formula}
        found["vacuous"] = self.bound is None or self.bound < 1
        found["bound"] = None if found["vacuous"] else float(self.bound or 0)
        return found


def measure_communication(
    model: Played,
    ids: Integer[np.ndarray, "batch total"],
    players: int,
    *,
    answers: Integer[np.ndarray, " batch"] | None = None,
    alphabet: int | None = None,
    own: Callable[[np.ndarray], np.ndarray] | None = None,
) -> MeterReading:
    """Play a model on inputs, and compare. answers: the right ones; alphabet: for the bound.

    own: the model's outputs by itself, if `model.forward` is not to be asked. Raises `InputError` unless the players
    divide the length, or without inputs.

    >>> from logdepth.separations.hop_tables import hop_tables
    >>> ids, answers = chase_inputs(24, players=3, count=10)
    >>> reading = measure_communication(hop_tables(8, k=3), ids, 3, answers=answers, alphabet=8)
    >>> reading.same, reading.right, reading.bits_a_round, reading.counted_is_formula
    (10, 1.0, 100, True)
    """
    if not len(ids):
        raise InputError("there are no inputs to play")
    same, gap, played = 0, 0.0, []
    for first in range(0, len(ids), BATCH):
        batch = ids[first : first + BATCH]
        found = play(model, batch, players)
        theirs = (own or model.forward)(batch)
        same += int((found.answers == theirs.argmax(-1)).sum())
        gap = max(gap, float(np.abs(found.outputs - theirs).max()))
        played.append(found)
    bits, places = played[0].bits, played[0].places
    assert all(found.bits == bits for found in played)
    said = np.concatenate([found.answers for found in played])
    most = model.rounds if model.arch != "cot" else model.rounds - 1  # the corollary counts thoughts
    return MeterReading(
        arch=model.arch,
        theorem=COROLLARIES[model.arch],
        players=players,
        length=ids.shape[1],
        rounds=model.rounds,
        bits=bits,
        formula=tuple(tuple(model.message_bits(number, place) for place in places) for number in range(model.rounds)),
        inputs=len(ids),
        same=same,
        largest_gap=gap,
        right=None if answers is None else float((said == answers).mean()),
        bound=None if most >= players else chase_bits(ids.shape[1], players, alphabet),
    )


def chase_inputs(length: int, players: int, count: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Strings of layered chases as large as fit, a segment a player, and hop_k at their last positions.

    Raises `InputError` unless the players divide the length, and segments hold two vertices' pairs and one token.

    >>> ids, answers = chase_inputs(24, players=3, count=2)
    >>> ids.shape, int(ids.max()) < 8, set(answers.tolist()) <= {4, 5, 6, 7}
    ((2, 24), True, True)
    """
    segment = segments(length, players)[0].length
    size = (segment - 1) // 4 * 2
    if size < 2:
        raise InputError(
            f"segments of {segment} tokens are too short for a chase; give {5 * players} tokens or more to "
            f"{players} players"
        )
    chases = [layered_chase(players, size, seed=seed, number=number) for number in range(count)]
    ids = np.stack([chase_to_hops(chase, segment=segment).tokens for chase in chases]).astype(np.int64)
    return ids, np.array([2 * size + (not chase.answer) for chase in chases])
