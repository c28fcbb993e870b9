"""Routers: rounds delivered through real softmax, wrong ones counted; dimensions beside what is stated; and the figure.

python benchmarks/bench_routers.py                # rows/routers.jsonl: 10,000 rounds each of sums and hashing; minutes
python benchmarks/bench_routers.py --widths       # rows/router_widths.jsonl: width against s, a second
python benchmarks/bench_routers.py --plot         # docs/figures/routers.png from those
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from measure import ROWS, save

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.simulation.routers import routings

from logdepth.records import Record, read_rows
from logdepth.rng import rng_for
from logdepth.simulation.routers.cover_free import Interference, paper_columns, smallest
from logdepth.simulation.routers.dealing import Dealing
from logdepth.simulation.routers.hashing import Hashing
from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.ports import Ports
from logdepth.simulation.routers.router import Routing, attend, deliver
from logdepth.simulation.routers.sums import Sums
from logdepth.simulation.routers.traffic import Traffic

FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "routers.png"
MACHINES = (16, 32, 64, 128, 256)
Values = dict[str, Any]
Kinds = dict[str, Callable[[np.random.Generator, int, int], routings.Pairs]]
KINDS: Kinds = {
    "random": routings.random_pairs,
    "blocks": routings.block_pairs,
    "scattered": routings.scattered_pairs,
}


def rounds(kinds: Kinds, machines: int, degree: int, words: int, count: int):
    """`count` rounds of each kind, every other one with the least and greatest words only."""
    for number, (kind, pairs) in itertools.product(range(count), kinds.items()):
        rng = rng_for(0, "routers", kind, machines, degree, words, number)
        yield routings.with_words(rng, pairs(rng, machines, degree), words, extreme=number % 2 == 1)


def count_wrong(routing: Routing, packets: list[Packets]) -> dict[str, int]:
    """A round that raises ends the run: all of these are within the traffic."""
    wrong = sum(not deliver(routing, each).same(routings.delivered(each)) for each in packets)
    return {"rounds": len(packets), "messages": sum(len(each.messages()) for each in packets), "wrong": wrong}


def sums_values(machines: int, degree: int, words: int, count: int) -> Values:
    routing = Sums(Traffic(machines, degree, degree, words))
    found = count_wrong(routing, list(rounds(KINDS, machines, degree, words, count)))
    stated = degree**2 * (words + 1) + 1
    dims = {"key_dim": routing.key_dim, "value_dim": routing.value_dim, "stated_value_dim": stated}
    return {**found, **dims}


def sums_of_words_values(machines: int, memory: int, count: int) -> Values:
    """Rounds of at most `memory` words out of and into a machine, in messages of any length."""
    routing = Sums(Traffic.of_words(machines, memory))
    packets = []
    for number in range(count):
        rng = rng_for(0, "routers", "words", machines, memory, number)
        sent, received, messages = np.zeros(machines, int), np.zeros(machines, int), {}
        every = rng.permutation(machines**2)[: 16 * machines * memory]
        for source, destination in zip(*(side.tolist() for side in np.divmod(every, machines)), strict=True):
            most = memory // rng.integers(1, memory + 1)
            length = int(min(most, memory - sent[source], memory - received[destination]))
            if length:
                messages[source, destination] = rng.integers(0, 2**31 - 2, length).tolist()
                sent[source] += length
                received[destination] += length
        packets.append(Packets.at_source(messages))
    found = count_wrong(routing, packets)
    dims = {"key_dim": routing.key_dim, "value_dim": routing.value_dim, "stated_value_dim": 2 * memory**2 + 1}
    return {**found, **dims}


def hashing_values(machines: int, degree: int, words: int, count: int) -> Values:
    routing = Hashing(Traffic(machines, degree, degree, words))
    family = routing.classes[0].family
    kinds = {**KINDS, "covering": lambda rng, machines, degree: routings.covering_pairs(rng, family, degree)}
    found = count_wrong(routing, list(rounds(kinds, machines, degree, words, count)))
    paper = paper_columns(machines, degree)
    columns = {"family": family.name, "columns": family.columns, "paper_columns": paper}
    return {**found, "key_dim": routing.key_dim, "value_dim": routing.value_dim, **columns}


def ports_values(machines: int, degree: int, count: int) -> Values:
    """Half of the pairs of a known pattern, again and again."""
    rng = rng_for(0, "routers", "pattern", machines, degree)
    pattern = routings.random_pairs(rng, machines, degree)
    routing = Ports(Traffic(machines, degree, degree, 2, pairs=frozenset(pattern)))
    packets = [
        routings.with_words(rng, {pair for pair in sorted(pattern) if rng.random() < 0.5}, 2) for _ in range(count)
    ]
    return {**count_wrong(routing, packets), "num_heads": routing.num_heads, "value_dim": routing.value_dim}


def dealing_values(machines: int, degree: int, digits: int, count: int) -> Values:
    routing = Dealing(Traffic(machines, degree, degree, 1), digits)
    everyone = np.arange(routing.num_tokens)
    wrong = most = 0
    every = list(rounds(KINDS, machines, degree, 1, count))
    for packets in every:
        held = packets
        for layer in range(routing.num_layers):
            held = routing.receive(
                layer, everyone, held, attend(routing.send(layer, everyone, held), routing.start(layer))
            )
            most = max(most, int(np.bincount(held.holder).max()))
        wrong += not held.same(routings.delivered(packets))
    return {
        "rounds": len(every),
        "wrong": wrong,
        "num_layers": routing.num_layers,
        "num_heads": routing.num_heads,
        "most_packets": most,
        "proved_packets": max(move.load for move in routing.moves),
        "embed_dim": routing.embed_dim,
    }


def cells() -> Iterator[tuple[dict[str, Any], Callable[[], Values]]]:
    """Every row's configuration, and how to measure it. Most rounds are between few machines, where they take a
    thousandth of a second; at N = 256, s = 16 they take one."""
    for n in MACHINES:
        for s, beta in itertools.product((1, 2, 3, 4), (1, 4)):
            count = 120 if n == 16 else 2 if n == 256 and s == 4 else 63
            yield {"router": "hashing", "N": n, "s": s, "beta": beta}, partial(hashing_values, n, s, beta, count)
        for s, beta in itertools.product((1, 2, 4, 8, 16), (1, 2, 3, 4)):
            count = 100 if n == 16 and s <= 4 else 34 if n < 256 else 5 if s <= 4 else 1
            yield {"router": "sums", "N": n, "s": s, "beta": beta}, partial(sums_values, n, s, beta, count)
        for s in (2, 4, 6):
            count = 20 if n < 256 else 2
            yield {"router": "sums", "N": n, "s": s, "beta": "s words"}, partial(sums_of_words_values, n, s, count)
        for s in (1, 4, 16):
            yield {"router": "ports", "N": n, "s": s, "beta": 2}, partial(ports_values, n, s, 20)
        for s, digits in itertools.product((2, 4, 8, 16), (2, 4)):
            count = 5 if n < 256 else 1
            yield {"router": "dealing", "N": n, "s": s, "digits": digits}, partial(dealing_values, n, s, digits, count)


def deliver_all() -> None:
    """Adds to the rows that are there: a run that was stopped goes on. Delete the file to measure again."""
    path = ROWS / "routers.jsonl"
    rows = read_rows(path) if path.exists() else []
    for config, values in cells():
        record = Record("deliver", config)
        if record.id not in {row["id"] for row in rows}:
            rows.append(Record("deliver", config, values()).row())
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
            print(rows[-1], flush=True)
    for router in ("sums", "hashing", "ports", "dealing"):
        mine = [row for row in rows if row["router"] == router]
        print(router, sum(row["rounds"] for row in mine), "rounds,", sum(row["wrong"] for row in mine), "wrong")


def widths() -> None:
    """Dimensions of all heads together for messages of one word, against s; `dealing` with what stays in a machine."""
    records = []
    for machines in (64, 256):
        for exponent in range(machines.bit_length()):
            s = 2**exponent
            traffic = Traffic(machines, s, s, 1)
            values: dict[str, Any] = {
                "paper": paper_columns(machines, s) * 4 + 1,
                "hashing": smallest(machines, Interference.of(s, s, s * s)).columns * 4 + 1,
                "sums": 2 * s * s + 1,
                "lower_bound": s * s,
                "ports": machines,
            }
            assert values["hashing"] == Hashing(traffic).value_dim
            assert values["sums"] == Sums(traffic).value_dim if s * (machines + 5) <= 2**20 else True
            for digits in (2, 3, 4):
                routing = Dealing(traffic, digits)
                values[f"dealing_{digits}"] = routing.embed_dim
                values[f"dealing_{digits}_layers"] = routing.num_layers
            records.append(Record("width", {"N": machines, "s": s}, values))
    save("router_widths", records)


LINES = {
    "paper": ("the paper's constant, 24 s⁴ ln N packets: 1 layer", "#7a7a7a", ":"),
    "hashing": ("hashing, cover-free packets: 1 layer", "#d1495b", "-"),
    "sums": ("sums, 2 s² + 1: 1 layer", "#1b6ca8", "-"),
    "lower_bound": ("lower bound of uniform averaging, s²", "black", "--"),
    "ports": ("ports, any pairs, N heads: 1 layer", "#00798c", "-."),
    "dealing_2": ("dealing, 2 digits", "#edae49", "-"),
    "dealing_3": ("dealing, 3 digits", "#2e933c", "-"),
    "dealing_4": ("dealing, 4 digits", "#6f4e7c", "-"),
}


def plot() -> None:
    """Reads rows; computes nothing."""
    from logdepth.report.figures import new_figure, save_figure

    rows = read_rows(ROWS / "router_widths.jsonl")
    figure, axes = new_figure(1, 2, (5.2, 4.0), sharey=True)
    for axis, machines in zip(axes[0], (64, 256), strict=True):
        mine = [row for row in rows if row["N"] == machines]
        for name, (label, colour, style) in LINES.items():
            layers = f": {mine[0][f'{name}_layers']} layers" if name.startswith("dealing") else ""
            s, width = [row["s"] for row in mine], [row[name] for row in mine]
            axis.loglog(s, width, style, color=colour, marker="o", markersize=3, label=label + layers, base=2)
        axis.set_xlabel("s: one-word messages out of and into a machine", fontsize=8)
        axis.set_title(f"N = {machines} machines", fontsize=9)
        axis.set_ylim(1, 2**26)
    axes[0][0].set_ylabel("value dimensions, all heads of a layer", fontsize=8)
    axes[0][0].legend(fontsize=7, frameon=False, loc="upper left")
    print(save_figure(figure, FIGURE, "What a round of communication costs in width"))


if __name__ == "__main__":
    if "--plot" in sys.argv:
        plot()
    elif "--widths" in sys.argv:
        widths()
    else:
        deliver_all()
