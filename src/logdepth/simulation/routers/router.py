"""What a router is: a fixed number of attention layers that bring any round within its traffic to its receivers.

A layer is a row-wise map, real softmax attention, and a row-wise map. The row-wise maps take a *shard*, the rows of
any machines, for speed; what they return for a machine depends on that machine's rows alone. `deliver` runs the layers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from logdepth.memory import check_room
from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.traffic import Traffic


@dataclass(frozen=True, eq=False)
class Rows:
    """What the machines of a shard put into a layer's attention, in the order of the shard. Queries hold the scale."""

    queries: Float[np.ndarray, "heads machines key_dim"]
    keys: Float[np.ndarray, "heads machines key_dim"]
    values: Float[np.ndarray, "heads machines value_dim"]


@dataclass(frozen=True, eq=False)
class Start:
    """The start token's key and value in a layer (Definition 2.2's X_0): "nothing found"."""

    keys: Float[np.ndarray, "heads key_dim"]
    values: Float[np.ndarray, "heads value_dim"]


class Routing(ABC):
    """A router built for a traffic.

    num_layers: attention layers a round. num_heads: heads a layer, at most. key_dim, value_dim: coordinates of one
    head's queries and keys, and of its values, at most. state_dim: words a row carries from one layer to the next,
    beside what the caller keeps. num_tokens: rows a layer attends over, beside the start token: the machines, then
    blank tokens (Theorem B.3) that hold nothing before and after a round.
    """

    traffic: Traffic
    num_layers: int
    num_heads: int
    key_dim: int
    value_dim: int
    state_dim: int = 0

    @property
    def num_tokens(self) -> int:
        return self.traffic.num_machines

    @property
    def embed_dim(self) -> int:
        """m of Definition 2.2, for one round: the heads' values add to one residual, so each has its own coordinates
        there, beside those that a row carries through the layer."""
        return max(self.key_dim, self.num_heads * self.value_dim + self.state_dim)

    @abstractmethod
    def send(self, layer: int, machines: Int[np.ndarray, " machines"], held: Packets) -> Rows:
        """Before the attention. `held`: the packets of exactly these machines.

        Raises `TrafficExceeded` where a machine sends more than the router was built for.
        """

    @abstractmethod
    def start(self, layer: int) -> Start:
        """The start token's key and value."""

    @abstractmethod
    def receive(
        self,
        layer: int,
        machines: Int[np.ndarray, " machines"],
        held: Packets,
        averages: Float[np.ndarray, "heads machines value_dim"],
    ) -> Packets:
        """After the attention: what each machine holds now, from what it held and its heads' averages.

        Raises `TrafficExceeded` where a machine's averages show more than the router was built for.
        """


@dataclass(frozen=True)
class Router:
    """A registered router. `build(traffic)` raises `InputError` where it can't serve the traffic. uses_pairs: it is
    narrower where `Traffic.pairs` are known; for the others they would only be one more thing to refuse."""

    name: str
    summary: str
    build: Callable[[Traffic], Routing]
    uses_pairs: bool = False


def attend(rows: Rows, start: Start) -> Float[np.ndarray, "heads machines value_dim"]:
    """Softmax attention of every row over the start token and all rows, in float64. `rows`: every token's.

    Averages of zeros are zeros: a coordinate that is 0 in all rows of a head is left out of that head's product.
    """
    weights = attention_weights(rows, start)
    averages = np.zeros(rows.values.shape)
    for head, values in enumerate(rows.values):
        used = np.flatnonzero(values.any(0) | (start.values[head] != 0))
        averages[head][:, used] = weights[head] @ np.concatenate([start.values[head][None, used], values[:, used]])
    return averages


def attention_weights(rows: Rows, start: Start) -> Float[np.ndarray, "heads machines keys"]:
    """How much each row attends to the start token (first) and to every row."""
    keys = np.concatenate([start.keys[:, None], rows.keys], 1)
    scores = rows.queries @ keys.swapaxes(-1, -2)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def deliver(routing: Routing, packets: Packets) -> Packets:
    """One round through the layers: from each packet at its source to each at its destination.

    Raises `TrafficExceeded` where the round is more than the routing was built for, `InputError` where the machine that
    runs it hasn't the memory for one layer's values.
    """
    row = routing.num_heads * (routing.key_dim + routing.value_dim)
    check_room(f"a layer of {routing.num_tokens:,} tokens and {row:,} coordinates each", 16 * routing.num_tokens * row)
    machines = np.arange(routing.num_tokens)
    for layer in range(routing.num_layers):
        averages = attend(routing.send(layer, machines, packets), routing.start(layer))
        packets = routing.receive(layer, machines, packets, averages)
    return packets
