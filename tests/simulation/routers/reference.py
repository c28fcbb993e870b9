"""A router that is right at a glance: head h brings everyone the whole outbox of machine h."""

import numpy as np

from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.router import Router, Routing, Rows, Start
from logdepth.simulation.routers.traffic import Traffic


class Reference(Routing):
    num_layers = 1
    key_dim = 1

    def __init__(self, traffic: Traffic) -> None:
        self.traffic = traffic
        self.num_heads = traffic.num_machines
        self.value_dim = traffic.num_machines * traffic.words

    def send(self, layer, machines, held):
        self.traffic.check_sent(held)
        heads = np.arange(self.num_heads)[:, None]
        keys = (heads == machines).astype(float)
        values = np.zeros((len(machines), self.traffic.num_machines, self.traffic.words))
        values[np.searchsorted(machines, held.holder), held.destination, held.index] = held.word + 1
        values = np.broadcast_to(values.reshape(len(machines), -1), (self.num_heads, len(machines), self.value_dim))
        return Rows(np.full_like(keys, 1000.0)[..., None], keys[..., None], values)

    def start(self, layer):
        return Start(np.zeros((self.num_heads, 1)), np.zeros((self.num_heads, self.value_dim)))

    def receive(self, layer, machines, held, averages):
        read = averages.reshape(self.num_heads, len(machines), self.traffic.num_machines, self.traffic.words)
        mine = np.rint(read[:, np.arange(len(machines)), machines]).astype(np.int64)
        source, row, index = np.nonzero(mine)
        holder = machines[row]
        return Packets.columns(holder, source, holder, index, mine[source, row, index] - 1)


REFERENCE = Router("reference", "head h brings everyone the whole outbox of machine h", Reference)
