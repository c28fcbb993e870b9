"""The *dealing* router: O(1 / eps^2) layers of fixed attention a round, and a width near a machine's own words.

**Statement.** Write addresses with k digits, N <= d_1 .. d_k tokens (blank ones beside the machines), d = max d_i =
ceil(N^(1/k)). A round in which a machine sends at most s words and receives at most s goes through k (k + 3) / 2
layers of d - 1 heads each. A machine never holds more than s + max(k / 2, k - 1) d (d - 1) packets, of two words, and
the heads of a layer, with what stays, have room for no more than that either. So with k = ceil(1 / eps) and eps <=
delta / 2, a round of s = O(N^delta) words takes O(1 / eps^2) layers, H = O(N^eps) heads, m = O(N^delta / eps). The
attention pattern is the same for every input; only the row-wise maps see the packets.

**Construction.** Phase i = 1..k corrects digit i of every packet's place. It *deals* along digits i, i + 1, .., k,
one layer each, then *corrects*, one layer. Dealing along digit j: a machine numbers its packets of class c (those
whose destination has i-th digit c) 0, 1, .., and packet n moves by n + c (mod d_j) along digit j. Correcting: a
packet moves along digit i to its destination's. Head h of a layer along digit j reads the machine whose j-th digit
is h less (mod d_j), a fixed look-up (`keys`, `precision`: exact); that machine's value in head h is its packets that
move by h.

**Proof.** Before phase i, the first i - 1 digits of every packet's place are its destination's; so the packets in
the group of a prefix of i - 1 digits are those with destinations in it, and its packets of class c, with
destinations in 1 / d_i of the group, number at most s / d_i times its machines.
1. *One deal along j, one class.* On a line (all digits but j fixed) let machine h hold n_h. Machine y gets from h
   the packets n < n_h with n + c + h = y (mod d_j): at most (n_h + d_j - 1 - p_h) / d_j, where p_h = (y - c - h) mod
   d_j. Over the line the p_h are 0 .. d_j - 1, each once. So y gets at most (mean of n_h) + (d_j - 1) / 2.
2. *All deals of phase i, one class.* By induction: after dealing along i .. j a machine holds at most the mean over
   the machines that differ from it in digits i .. j, plus sum over l = i..j of (d_l - 1) / 2. After the last: at
   most s / d_i + sum over l = i..k of (d_l - 1) / 2. That many packets go through one head when digit i is
   corrected.
3. *Load after phase i.* It is the packets of one class on a line along i. A deal along i leaves their sum as it is;
   one along l > i adds at most (d_l - 1) / 2 at each of the d_i machines (as in 2, for the sum). So the load is at
   most B_i = s + d_i sum over l > i of (d_l - 1) / 2; B_0 = s; and B_k = s.
4. *Load within phase i*: 1 for each of d_i classes, by induction: after dealing along i .. j at most B_(i-1) + d_i sum
   over l = i..j of (d_l - 1) / 2.
5. *One head of a deal along j*: over the classes, at most load / d_j + sum over c of (d_j - 1 - (h - c mod d_j)) /
   d_j, of the load before. With equal digits that is load / d + (d - 1) / 2, so d heads have the bound of 4. QED.

`bounds` computes 2 to 5 in integers, layer by layer; the value dimensions are those.

**Overload.** Senders check their words. If some machine is sent more than s words, packets may not fit into a head
or a machine: the machine at which they don't refuses. Packets carry their destination; where all fit, all arrive.

**Beside arXiv 2405.18512, Theorem 18** (O(R) layers, m = O(N^(delta + eps)); its proof was not at hand): the same
trade. In Definition 2.2 every head has all m dimensions, so m H is N^(delta + eps) here, with m itself O(N^delta)
and the number of layers a round spelt out. Its constants and routing are not compared.

**Limits.** N^2 beta < P - 1 (a packet's name is one word).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np

from logdepth.errors import InputError
from logdepth.simulation.routers.finite_field import P
from logdepth.simulation.routers.keys import address_keys, address_queries, ceil_root
from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.precision import check_exact
from logdepth.simulation.routers.router import Router, Routing, Rows, Start
from logdepth.simulation.routers.traffic import Traffic, refuse_above


def address_digits(num_machines: int, num_digits: int) -> tuple[int, ...]:
    """The sizes of the digits, most significant first: as even and as few tokens as the largest allows.

    >>> address_digits(256, 2), address_digits(200, 2), address_digits(8, 3), address_digits(1, 2)
    ((16, 16), (15, 14), (2, 2, 2), ())
    """
    sizes = [ceil_root(num_machines, num_digits)] * num_digits
    for digit in reversed(range(num_digits)):
        sizes[digit] -= 1
        if prod(sizes) < num_machines:
            sizes[digit] += 1
            break
    return tuple(size for size in sizes if size > 1)


@dataclass(frozen=True)
class Move:
    """One layer: packets move along digit `along`; in phase `phase` (the digit being corrected).

    bucket: packets that one machine sends to one other, or keeps, at most. load: packets of one machine afterwards.
    """

    phase: int
    along: int
    deals: bool
    bucket: int
    load: int


def bounds(digits: tuple[int, ...], sent: int, received: int) -> tuple[Move, ...]:
    """The layers with the proof's bounds, for at most `sent` words out of and `received` into a machine.

    >>> moves = bounds((4, 4, 4, 4), 4, 4)
    >>> len(moves), max(move.load for move in moves), max(move.bucket for move in moves)
    (14, 40, 10)
    """
    half = [Fraction(size - 1, 2) for size in digits]
    moves = []
    before = load = Fraction(sent)  # before the phase; before the layer
    for phase, size in enumerate(digits):
        for along in range(phase, len(digits)):
            d = digits[along]
            slack = max(sum(Fraction(d - 1 - (head - c) % d, d) for c in range(size)) for head in range(d))
            bucket = load / d + slack
            load = before + size * sum(half[phase : along + 1])
            moves.append(Move(phase, along, True, int(bucket), int(load)))
        bucket = Fraction(received, size) + sum(half[phase:])
        before = load = received + size * sum(half[phase + 1 :], Fraction(0))
        moves.append(Move(phase, phase, False, int(bucket), int(load)))
    return tuple(moves)


class Dealing(Routing):
    """digits: the sizes of an address's digits. moves: what each layer does.

    >>> from logdepth.simulation.routers.router import deliver
    >>> routing = Dealing(Traffic(num_machines=16, out_degree=2, in_degree=2, words=1), num_digits=2)
    >>> routing.num_layers, routing.num_heads, routing.value_dim, routing.embed_dim
    (5, 3, 6, 24)
    >>> deliver(routing, Packets.at_source({(3, 5): [10], (4, 5): [30], (4, 3): [40]})).messages()
    {(4, 3): (40,), (3, 5): (10,), (4, 5): (30,)}
    """

    key_dim = 2

    def __init__(self, traffic: Traffic, num_digits: int = 2) -> None:
        if num_digits < 1:
            raise InputError(f"num_digits is {num_digits}; it must be at least 1")
        self.traffic = traffic
        self.digits = address_digits(traffic.num_machines, num_digits)
        check_exact(self.num_tokens)
        names = traffic.num_machines**2 * traffic.words
        if names >= P - 1:
            raise InputError(
                f"{traffic.num_machines:,} machines and messages of {traffic.words:,} words need {names:,} names of "
                f"packets; a word has {P - 1:,}: use fewer machines or shorter messages"
            )
        self.moves = bounds(self.digits, traffic.most_sent, traffic.most_received)
        self.num_layers = len(self.moves)
        self.num_heads = max(self.digits, default=1) - 1
        bucket = max((move.bucket for move in self.moves), default=0)
        self.value_dim = 2 * bucket
        self.state_dim = 2 * bucket

    @property
    def num_tokens(self) -> int:
        return prod(self.digits)

    def digit(self, machines: np.ndarray, which: int) -> np.ndarray:
        return machines // prod(self.digits[which + 1 :]) % self.digits[which]

    def shifted(self, machines: np.ndarray, along: int, by: np.ndarray) -> np.ndarray:
        """The address whose digit `along` is `by` more, modulo its size."""
        weight, digit = prod(self.digits[along + 1 :]), self.digit(machines, along)
        return machines + weight * ((digit + by) % self.digits[along] - digit)

    def shifts(self, move: Move, held: Packets) -> np.ndarray:
        """By how much each packet moves."""
        target = self.digit(held.destination, move.phase)
        if not move.deals:
            return (target - self.digit(held.holder, move.phase)) % self.digits[move.phase]
        pile = held.holder * self.digits[move.phase] + target
        return (rank_within(pile) + target) % self.digits[move.along]

    def send(self, layer: int, machines: np.ndarray, held: Packets) -> Rows:
        if layer == 0:
            self.traffic.check_sent(held)
        move = self.moves[layer]
        size = self.digits[move.along]
        shift = self.shifts(move, held)
        bucket = held.holder * size + shift
        place = rank_within(bucket)
        what = f"has {{:,}} packets for one machine in layer {layer + 1}"
        refuse_above(
            held.holder, place + 1, move.bucket, what, f"words_in above {self.traffic.most_received:,}, so that"
        )
        values = np.zeros((size, len(machines), self.value_dim // 2, 2))
        values[shift, np.searchsorted(machines, held.holder), place] = np.column_stack([self.names(held), held.word])
        heads = np.arange(1, size)[:, None]
        queries = address_queries(self.shifted(machines, move.along, -heads))
        keys = np.broadcast_to(address_keys(machines), queries.shape)
        return Rows(queries, keys, values[1:].reshape(size - 1, len(machines), self.value_dim))

    def start(self, layer: int) -> Start:
        heads = self.digits[self.moves[layer].along] - 1
        return Start(address_keys(np.full(heads, self.num_tokens)), np.zeros((heads, self.value_dim)))

    def receive(self, layer: int, machines: np.ndarray, held: Packets, averages: np.ndarray) -> Packets:
        move = self.moves[layer]
        stay = held.where(self.shifts(move, held) == 0)
        read = np.rint(averages).astype(np.int64).reshape(len(averages), len(machines), -1, 2)
        head, row, place = np.nonzero(read[..., 0])
        name, word = read[head, row, place].T
        pair, index = np.divmod(name - 1, self.traffic.words)
        source, destination = np.divmod(pair, self.traffic.num_machines)
        columns = zip(
            (stay.holder, stay.source, stay.destination, stay.index, stay.word),
            (machines[row], source, destination, index, word),
            strict=True,
        )
        now = Packets.columns(*(np.concatenate(pair) for pair in columns))
        load = np.bincount(np.searchsorted(machines, now.holder), minlength=len(machines))
        what = f"has {{:,}} packets after layer {layer + 1}"
        refuse_above(machines, load, move.load, what, f"words_in above {self.traffic.most_received:,}, so that")
        return now

    def names(self, held: Packets) -> np.ndarray:
        """1 + (source, destination, index) as one number; 0 is "no packet"."""
        return 1 + (held.source * self.traffic.num_machines + held.destination) * self.traffic.words + held.index


def rank_within(group: np.ndarray) -> np.ndarray:
    """0, 1, .. within each group, in order.

    >>> rank_within(np.array([4, 7, 4, 4, 7])).tolist()
    [0, 0, 1, 2, 1]
    """
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], group[order])
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - first
    return rank


DEALING = Router("dealing", "fixed attention in several layers: width near a machine's own words", Dealing)
