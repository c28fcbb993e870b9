"""The *hashing* router: the paper's Lemma 3.2, one layer; packets in slots of a cover-free family.

**Statement.** A round of at most a messages out of a machine and b into one, at most beta words each, T in all by
the senders of one receiver, goes through one layer with one head of `columns (beta + 3) + 1` value dimensions, the
columns of the smallest family of `cover_free`. (The paper: O(s^4 log N) columns for a = b = s; the constant in its
proof is 24.)

**Construction.** Queries and keys as in `sums`. A sender writes the packet (1, S, D, words) into the slots of (S,
D), except those into which another of its own messages would go: there it writes nothing. (Words are sent as word +
1, 0 where there is none.) The receiver's averages are over its r senders and the start token, and the first packet
entry, the paper's alpha, averages to (packets in that slot) / (r + 1). The least alpha that isn't 0 is 1 / (r + 1):
a slot with one packet, which is read off by multiplying by r + 1. Those addressed to the receiver are its messages.

**Proof.** What is read is right: a slot with alpha = 1 / (r + 1) holds one sender's packet and nothing else. All is
read: `cover_free` has, for each message of D, a slot into which no other message of D's senders goes, so its own
sender writes it and it is the only packet there.

**Classes by length** (the paper's (d)). Where a machine's words are bounded by s, it has at most s / l messages of l
words or more. So lengths are cut into classes with a head each, by the cuts with the fewest value dimensions in all.
(With degree^4 columns a class of l to l^4 words takes (s / l)^4 l^4 = s^4, and O(log log s) such classes cover all.)

**Overload.** Each of r senders has exactly one message for the receiver. If it finds fewer than r, its senders sent
more than T in all, and it refuses; what it finds is right in any case.

**Limits.** in_degree (N + 5) <= 2^20 (`precision`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from logdepth.errors import TrafficExceeded
from logdepth.simulation.routers.cover_free import Family, Interference, smallest
from logdepth.simulation.routers.keys import SparseKeys
from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.precision import check_exact, heard, sums_over
from logdepth.simulation.routers.router import Router, Routing, Rows, Start
from logdepth.simulation.routers.traffic import Traffic, refuse_above


@dataclass(frozen=True, eq=False)
class LengthClass:
    """Messages of `shortest` to `longest` words: one head. in_degree, messages: the class's share of the traffic."""

    shortest: int
    longest: int
    in_degree: int
    messages: int
    keys: SparseKeys
    family: Family

    @property
    def packet_words(self) -> int:
        return self.longest + 3

    @property
    def value_dim(self) -> int:
        return self.family.columns * self.packet_words + 1


def class_of(traffic: Traffic, shortest: int, longest: int) -> LengthClass:
    out_degree, in_degree = degrees(traffic, shortest)
    messages = min(traffic.most_messages, out_degree * in_degree)
    family = smallest(traffic.num_machines, Interference.of(out_degree, in_degree, messages))
    keys = SparseKeys.smallest(traffic.num_machines, out_degree)
    return LengthClass(shortest, longest, in_degree, messages, keys, family)


def degrees(traffic: Traffic, shortest: int) -> tuple[int, int]:
    """Messages of at least `shortest` words out of and into a machine."""
    return (
        max(min(traffic.out_degree, traffic.most_sent // shortest), 1),
        max(min(traffic.in_degree, traffic.most_received // shortest), 1),
    )


def cheapest_classes(traffic: Traffic) -> tuple[LengthClass, ...]:
    """The cuts of 1 .. words with the fewest value dimensions in all: a shortest path over where classes begin.

    They begin only where fewer messages of that length fit: to begin a class earlier than that costs it nothing.
    """
    lengths = range(1, traffic.words + 1)
    begins = [low for low in lengths if low == 1 or degrees(traffic, low) != degrees(traffic, low - 1)]
    ends = [*(begin - 1 for begin in begins[1:]), traffic.words]
    columns = [class_of(traffic, low, low).family.columns for low in begins]
    best = [0]  # value dimensions of the lengths before each begin
    first: list[int] = []  # which begin the class that ends there has
    for last, high in enumerate(ends):
        costs = [best[low] + columns[low] * (high + 3) + 1 for low in range(last + 1)]
        best.append(min(costs))
        first.append(costs.index(best[-1]))
    classes = []
    last = len(ends) - 1
    while last >= 0:
        classes.append(class_of(traffic, begins[first[last]], ends[last]))
        last = first[last] - 1
    return tuple(reversed(classes))


class Hashing(Routing):
    """classes: the length classes, a head each.

    >>> from logdepth.simulation.routers.router import deliver
    >>> routing = Hashing(Traffic(num_machines=64, out_degree=2, in_degree=2, words=2))
    >>> routing.num_layers, routing.num_heads, routing.classes[0].family.columns, routing.value_dim
    (1, 1, 48, 241)
    >>> deliver(routing, Packets.at_source({(3, 5): [10, 20], (4, 5): [30], (4, 3): [40]})).messages()
    {(4, 3): (40,), (3, 5): (10, 20), (4, 5): (30,)}
    """

    num_layers = 1

    def __init__(self, traffic: Traffic) -> None:
        check_exact(traffic.num_machines, traffic.in_degree)
        self.traffic = traffic
        self.classes = cheapest_classes(traffic)
        self.num_heads = len(self.classes)
        self.key_dim = max(each.keys.dim for each in self.classes)
        self.value_dim = max(each.value_dim for each in self.classes)

    @property
    def embed_dim(self) -> int:
        return max(self.key_dim, sum(each.value_dim for each in self.classes))

    def send(self, layer: int, machines: np.ndarray, held: Packets) -> Rows:
        self.traffic.check_sent(held)
        pairs, first, of, lengths = np.unique(
            held.source * self.traffic.num_machines + held.destination,
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        source, destination = np.divmod(pairs, self.traffic.num_machines)
        words = np.zeros((len(pairs), self.traffic.words), np.int64)
        words[of, held.index] = held.word + 1
        assert np.array_equal(source, held.holder[first])
        queries, keys = np.zeros((2, self.num_heads, len(machines), self.key_dim))
        values = np.zeros((self.num_heads, len(machines), self.value_dim))
        for head, each in enumerate(self.classes):
            mine = np.flatnonzero((lengths >= each.shortest) & (lengths <= each.longest))
            queries[head, :, : each.keys.dim] = each.keys.queries(machines)
            keys[head, :, : each.keys.dim] = each.keys.keys(machines, source[mine], destination[mine])
            row = np.searchsorted(machines, source[mine])
            packet = np.column_stack(
                [np.ones(len(mine), np.int64), source[mine], destination[mine], words[mine, : each.longest]]
            )
            slots = each.family.slots(source[mine], destination[mine])
            place = row[:, None] * each.family.columns + slots
            alone = np.bincount(place.ravel(), minlength=len(machines) * each.family.columns)[place] == 1
            message, block = np.nonzero(alone)
            entry = 1 + slots[message, block, None] * each.packet_words + np.arange(each.packet_words)
            values[head, row[message, None], entry] = packet[message]
        return Rows(queries, keys, values)

    def start(self, layer: int) -> Start:
        keys = np.zeros((self.num_heads, self.key_dim))
        values = np.zeros((self.num_heads, self.value_dim))
        for head, each in enumerate(self.classes):
            keys[head, : each.keys.dim] = each.keys.start()
        values[:, 0] = 1.0
        return Start(keys, values)

    def receive(self, layer: int, machines: np.ndarray, held: Packets, averages: np.ndarray) -> Packets:
        found = [
            self.receive_class(each, machines, averages[head, :, : each.value_dim])
            for head, each in enumerate(self.classes)
        ]
        holder, source, index, word = (np.concatenate(column) for column in zip(*found, strict=True))
        return Packets.columns(holder, source, holder, index, word)

    def receive_class(self, each: LengthClass, machines: np.ndarray, averages: np.ndarray) -> tuple[np.ndarray, ...]:
        senders = heard(averages)
        what = f"receives {{:,}} messages of {each.shortest:,} to {each.longest:,} words"
        refuse_above(machines, senders, each.in_degree, what, "in_degree (and words_in for them)")
        slots = averages[:, 1:].reshape(len(machines), each.family.columns, each.packet_words)
        row, slot = np.nonzero(sums_over(senders, slots[:, :, 0]) == 1)
        packets = sums_over(senders[row], slots[row, slot])
        mine = packets[:, 2] == machines[row]
        row, packets = row[mine], packets[mine]
        _, first = np.unique(row * self.traffic.num_machines + packets[:, 1], return_index=True)
        row, packets = row[first], packets[first]
        missing = np.flatnonzero(np.bincount(row, minlength=len(machines)) < senders)
        if missing.size:
            machine, limit = int(machines[missing[0]]), each.messages
            raise TrafficExceeded(
                f"machine {machine} hears from machines that send more than {limit:,} messages in all; the router was "
                f"built for {limit:,}: build it with interference at least {limit + 1:,}",
                machine=machine,
                number=limit + 1,
                limit=limit,
            )
        which, index = np.nonzero(packets[:, 3:])
        return machines[row[which]], packets[which, 1], index, packets[which, 3 + index] - 1


HASHING = Router("hashing", "packets in slots of a cover-free family: one layer, the paper's Lemma 3.2", Hashing)
