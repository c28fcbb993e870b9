"""Rounds to deliver: random, blocks, and ones meant to break a router."""

import numpy as np

from logdepth.simulation.routers.cover_free import Family
from logdepth.simulation.routers.packets import WORD_LIMIT, Packets

Pairs = set[tuple[int, int]]


def random_pairs(rng: np.random.Generator, machines: int, degree: int) -> Pairs:
    """`degree` random permutations on top of each other: at most `degree` messages out of and into a machine."""
    permutations = [rng.permutation(machines).tolist() for _ in range(degree)]
    return {pair for permutation in permutations for pair in enumerate(permutation)}


def block_pairs(rng: np.random.Generator, machines: int, degree: int) -> Pairs:
    """K_{s,s} blocks between random machines: s receivers hear from the same s senders."""
    senders, receivers = rng.permutation(machines), rng.permutation(machines)
    blocks = range(0, machines - degree + 1, degree)
    return {
        (int(sender), int(receiver))
        for at in blocks
        for sender in senders[at : at + degree]
        for receiver in receivers[at : at + degree]
    }


def scattered_pairs(rng: np.random.Generator, machines: int, degree: int) -> Pairs:
    """The last machines send as much as they may, one message each to one receiver and the rest all over, each to
    another machine where there are enough: the most interference at that receiver, the largest locators."""
    senders = range(machines - degree, machines)
    receiver = int(rng.integers(machines - degree, machines))
    others = [int(machine) for machine in rng.permutation(machines) if machine != receiver]
    pairs = {(sender, receiver) for sender in senders}
    for number, sender in enumerate(senders):
        for copy in range(degree - 1):
            pairs.add((sender, others[(number * (degree - 1) + copy) % len(others)]))
    return pairs


def covering_pairs(rng: np.random.Generator, family: Family, degree: int) -> Pairs:
    """Senders of one receiver whose other messages go, one after another, into the slots of one message to it, as many
    as its degrees allow (greedy)."""
    machines = family.num_machines
    everyone = np.arange(machines)
    sender, receiver = (int(machine) for machine in rng.integers(0, machines, 2))
    pairs, left = {(sender, receiver)}, {sender: degree - 1}
    uncovered = family.slots(np.array([sender]), np.array([receiver]))[0].tolist()
    candidates = rng.permutation(machines)
    hits = family.slots(np.repeat(candidates, machines), np.tile(everyone, machines))
    received = np.bincount([receiver], minlength=machines)
    rng.shuffle(uncovered)
    for slot in uncovered:
        for at in np.flatnonzero(hits[:, slot // family.height] == slot).tolist():
            other_sender, other = int(candidates[at // machines]), at % machines
            new = other_sender not in left
            if new and (len(left) == degree or degree < 2):
                continue
            if other == receiver or received[other] == degree or left.get(other_sender, degree - 1) == 0:
                continue
            if new:
                left[other_sender] = degree - 1
                pairs.add((other_sender, receiver))
                received[receiver] += 1
            left[other_sender] -= 1
            pairs.add((other_sender, other))
            received[other] += 1
            break
    return pairs


def with_words(rng: np.random.Generator, pairs: Pairs, words: int, *, extreme: bool = False) -> Packets:
    """A message of 1 .. `words` random words for each pair; extreme: of full length, words least or greatest."""
    if extreme:
        drawn = {pair: (rng.integers(0, 2, words) * (WORD_LIMIT - 1)).tolist() for pair in sorted(pairs)}
    else:
        drawn = {pair: rng.integers(0, WORD_LIMIT, rng.integers(1, words + 1)).tolist() for pair in sorted(pairs)}
    return Packets.at_source(drawn)


def delivered(packets: Packets) -> Packets:
    """What a round must end with."""
    return Packets.columns(packets.destination, packets.source, packets.destination, packets.index, packets.word)
