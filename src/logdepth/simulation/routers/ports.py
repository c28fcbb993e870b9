"""The *ports* router: exact look-ups, where it is known beforehand who may write to whom; no message meets another.

**Statement.** Let the (source, destination) that may talk be known (`Traffic.pairs`: the same for every input, as in
a protocol that sums along a tree), and let Delta be the most that one machine has on either side. One layer with
Delta heads of beta value dimensions and two key dimensions delivers any round among them: Delta beta in all. No
router can do with less than Delta beta words, where Delta machines write to one: that is what it must learn. With
nothing known (pairs=None), all N^2 pairs may talk: N heads, N beta in all, every valid routing; less than the s^2
(beta + 1) of `sums` where s^2 > N.

**Construction.** Color the pairs with Delta colours so that no machine has a colour twice as a source or twice as a
destination (`edge_coloring`; with all pairs the colour of (S, D) is D - S mod N). A colour is a port, known to both
ends. In head h a sender's value is its message of colour h, each word as word + 1, 0 where there is none; a
receiver's query is the address of its source of colour h (`keys`), the start token's address if it has none, whose
value is 0.

**Proof.** There is one largest score, by 1 at least, so softmax is a look-up, exact by `precision`; the message of
colour h that this source sends goes along its one pair of colour h, which is the receiver's. QED.

**Overload.** A sender refuses a pair that isn't among `pairs`, and more messages, words or a longer message than the
traffic.
"""

from __future__ import annotations

import numpy as np

from logdepth.simulation.routers.edge_coloring import color_edges
from logdepth.simulation.routers.keys import address_keys, address_queries
from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.precision import check_exact
from logdepth.simulation.routers.router import Router, Routing, Rows, Start
from logdepth.simulation.routers.traffic import Traffic


class Ports(Routing):
    """to, come_from: `(machines, heads)`, whom a machine writes to and hears from in each head; -1 for nobody.

    >>> from logdepth.simulation.routers.router import deliver
    >>> routing = Ports(Traffic(8, 1, 2, 3, pairs=frozenset({(1, 0), (2, 0), (3, 2)})))
    >>> routing.num_heads, routing.key_dim, routing.value_dim
    (2, 2, 3)
    >>> deliver(routing, Packets.at_source({(1, 0): [5], (2, 0): [6, 7]})).messages()
    {(1, 0): (5,), (2, 0): (6, 7)}
    """

    num_layers = 1
    key_dim = 2

    def __init__(self, traffic: Traffic) -> None:
        check_exact(traffic.num_machines)
        self.traffic = traffic
        machines = np.arange(traffic.num_machines)
        if traffic.pairs is None:
            self.to = (machines[:, None] + machines) % traffic.num_machines
            self.come_from = (machines[:, None] - machines) % traffic.num_machines
        else:
            self.to, self.come_from = color_edges(
                traffic.num_machines,
                traffic.pairs or frozenset({(0, 0)}),  # nobody may talk: one idle head
            )
        self.num_heads = self.to.shape[1]
        self.value_dim = traffic.words

    def send(self, layer: int, machines: np.ndarray, held: Packets) -> Rows:
        self.traffic.check_sent(held)
        port = np.argmax(self.to[held.source] == held.destination[:, None], 1)
        values = np.zeros((self.num_heads, len(machines), self.value_dim))
        values[port, np.searchsorted(machines, held.holder), held.index] = held.word + 1
        wanted = self.come_from[machines].T
        queries = address_queries(np.where(wanted < 0, self.traffic.num_machines, wanted))
        return Rows(queries, np.broadcast_to(address_keys(machines), queries.shape), values)

    def start(self, layer: int) -> Start:
        keys = address_keys(np.full(self.num_heads, self.traffic.num_machines))
        return Start(keys, np.zeros((self.num_heads, self.value_dim)))

    def receive(self, layer: int, machines: np.ndarray, held: Packets, averages: np.ndarray) -> Packets:
        words = np.rint(averages).astype(np.int64)
        head, row, index = np.nonzero(words)
        holder = machines[row]
        return Packets.columns(holder, self.come_from[holder, head], holder, index, words[head, row, index] - 1)


PORTS = Router(
    "ports",
    "look-ups where it is known who may write to whom: as many heads as the largest degree",
    Ports,
    uses_pairs=True,
)
