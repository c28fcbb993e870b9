"""The *sums* router: one layer, one head, every valid routing; a receiver untangles power sums over GF(2^31 - 1).

**Statement.** Let a round have at most `out_degree` messages out of a machine, `in_degree` into one, at most beta
words each, and let the senders of any one receiver send at most T messages in all. One layer with one head delivers
it exactly, in T (beta + 1) + 1 value dimensions; T = out_degree in_degree serves every round within the degrees.
Locating words instead of messages takes 2 T' + 1, T' the words that the senders of a receiver send in all (T' = s^2
in a round of at most s words out of and into a machine). The router takes whichever is less.

**Construction.** Message (S, D) gets the locator x = 1 + S N + D of GF(P), P = 2^31 - 1; different messages have
different ones, since N^2 < P. (Where words are located: 1 + (S N + D) beta + index.) Sender S writes, modulo P, `sum
x^j` for j = 1..T and `sum w x^l` for l = 0..T-1, over its own messages, for each of their beta words, each word sent
as word + 1, and 0 where the message has none. The queries and keys of `keys.SparseKeys` make D average uniformly
over its senders and the start token, which alone has 1 in the first coordinate.

**Proof.** `precision` gives D the number r of its senders and, exactly, the integer sums of its senders' values, so
modulo P the p_j and q_l of `finite_field` over the K messages of all its senders, K <= T. Their locators are
different and not 0, so the roots of c among D's own candidates 1 + S N + D, S = 0..N-1, are the messages from its
senders to D: all of them, and no other. Forney gives their words. QED.

**Overload.** A sender sees its own degree and words, and refuses. A receiver sees r, and refuses r > in_degree. So K
is at most out_degree in_degree; where T is less, one more coordinate, the number of a sender's messages, has as its
sum K itself, and K > T is refused. Then nothing is decoded.

**Lower bound.** A router whose receivers with the same senders read the same average needs s^2 beta words of it: in
blocks K_{s,s}, s receivers read one average and must between them recover s^2 beta words. docs/routers.md has it in
full.

**Limits.** N^2 (beta) < P - 1; in_degree (N + 5) <= 2^20 (`precision`). Work: a sender takes T powers of each unit; a
receiver of K units makes a polynomial of degree K and evaluates it at N candidates, and once more a unit it receives.
"""

from __future__ import annotations

import numpy as np

from logdepth.errors import InputError
from logdepth.simulation.routers.finite_field import P, is_root, locator_polynomials, power_sums, values_at
from logdepth.simulation.routers.keys import SparseKeys
from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.precision import check_exact, heard, sums_over
from logdepth.simulation.routers.router import Router, Routing, Rows, Start
from logdepth.simulation.routers.traffic import Traffic, refuse_above


class Sums(Routing):
    """num_units (T): messages or words located; unit_words: words of a unit; units_of_pair: units of one message.

    >>> from logdepth.simulation.routers.router import deliver
    >>> routing = Sums(Traffic(num_machines=64, out_degree=4, in_degree=4, words=2))
    >>> routing.num_layers, routing.num_heads, routing.value_dim
    (1, 1, 49)
    >>> deliver(routing, Packets.at_source({(3, 5): [10, 20], (4, 5): [30], (4, 3): [40]})).messages()
    {(4, 3): (40,), (3, 5): (10, 20), (4, 5): (30,)}
    """

    num_layers = 1
    num_heads = 1

    def __init__(self, traffic: Traffic) -> None:
        self.traffic = traffic
        self.keys = SparseKeys.smallest(traffic.num_machines, traffic.out_degree)
        check_exact(traffic.num_machines, traffic.in_degree)
        located = traffic.most_messages * (traffic.words + 1) > traffic.most_words * 2  # words, not messages
        self.num_units = traffic.most_words if located else traffic.most_messages
        self.unit_words = 1 if located else traffic.words
        self.units_of_pair = traffic.words if located else 1
        most_sent = traffic.most_sent if located else traffic.out_degree
        self.counted = self.num_units < traffic.in_degree * most_sent
        self.unit = "words" if located else "messages"
        self.key_dim = self.keys.dim
        self.value_dim = self.num_units * (self.unit_words + 1) + 1 + self.counted
        locators = traffic.num_machines**2 * self.units_of_pair
        if locators >= P - 1:
            raise InputError(
                f"{traffic.num_machines:,} machines need {locators:,} locators; the field has {P - 1:,}: use fewer "
                "machines or shorter messages"
            )

    def locators(self, source: np.ndarray, destination: np.ndarray, unit: np.ndarray | int) -> np.ndarray:
        return 1 + (source * self.traffic.num_machines + destination) * self.units_of_pair + unit

    def send(self, layer: int, machines: np.ndarray, held: Packets) -> Rows:
        self.traffic.check_sent(held)
        unit, slot = np.divmod(held.index, self.unit_words)
        units, first, of = np.unique(
            self.locators(held.source, held.destination, unit), return_index=True, return_inverse=True
        )
        words = np.zeros((len(units), self.unit_words), np.int64)
        words[of, slot] = held.word + 1
        sender = held.holder[first]
        row = np.searchsorted(machines, sender)
        plain, weighted = power_sums(row, units, words, len(machines), self.num_units)
        values = np.zeros((len(machines), self.value_dim))
        values[:, 1 : self.num_units + 1] = plain
        values[:, self.num_units + 1 : self.num_units * (self.unit_words + 1) + 1] = weighted.reshape(len(machines), -1)
        if self.counted:
            values[:, -1] = np.bincount(row, minlength=len(machines))
        keys = self.keys.keys(machines, sender, held.destination[first])
        return Rows(self.keys.queries(machines)[None], keys[None], values[None])

    def start(self, layer: int) -> Start:
        value = np.zeros((1, self.value_dim))
        value[0, 0] = 1.0
        return Start(self.keys.start()[None], value)

    def receive(self, layer: int, machines: np.ndarray, held: Packets, averages: np.ndarray) -> Packets:
        senders, traffic = heard(averages[0]), self.traffic
        refuse_above(machines, senders, traffic.in_degree, "hears from {:,} machines", "in_degree")
        sums = sums_over(senders, averages[0, :, 1:])
        if self.counted:
            name = "interference_words (and interference)" if self.unit == "words" else "interference"
            what = f"hears from machines that send {{:,}} {self.unit} in all"
            refuse_above(machines, sums[:, -1], self.num_units, what, name)
        terms = sums[:, -1] if self.counted else None
        sums %= P
        locator = locator_polynomials(sums[:, : self.num_units], terms)
        weighted = sums[:, self.num_units : self.num_units * (self.unit_words + 1)]
        weighted = weighted.reshape(len(machines), self.num_units, self.unit_words)

        row, source, unit = self.units_to(machines, locator)
        assert np.array_equal(np.bincount(row[unit == 0], minlength=len(machines)), senders)  # each has one for me
        words = values_at(locator, row, self.locators(source, machines[row], unit), weighted)
        which, slot = np.nonzero(words)
        holder = machines[row[which]]
        return Packets.columns(
            holder, source[which], holder, unit[which] * self.unit_words + slot, words[which, slot] - 1
        )

    def units_to(self, machines: np.ndarray, locator: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Row, source and unit of all units to `machines`, by row. A message's units are 0, 1, .., so those of its
        candidates are tried until one is no root."""
        row, source = np.indices((len(machines), self.traffic.num_machines)).reshape(2, -1)
        found = []
        for unit in range(self.units_of_pair):
            root = is_root(locator, row, self.locators(source, machines[row], unit))
            row, source = row[root], source[root]
            found.append((row, source, np.full(len(row), unit)))
        columns = np.concatenate(found, axis=1)
        return tuple(columns[:, np.argsort(columns[0], kind="stable")])


SUMS = Router("sums", "power sums over a prime field: one layer, one head, every valid routing", Sums)
