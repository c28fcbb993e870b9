"""Init and final: the problem's tokens onto the machines, and its output back (Lemmas B.4 and B.6), by a `Layout`.

Both are communications like any other, on max(input tokens, machines, output tokens) tokens; who writes to whom is a
function of the sizes alone, so their router is built for exactly that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from logdepth.mpc.kernels import NumpyKernels
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Outbox, Shard, Table
from logdepth.protocols.layout import TOKENS, Layout
from logdepth.simulation.communication import EMPTY, Communication, Tables
from logdepth.simulation.mail import write_mail
from logdepth.simulation.rehearsal import away, traffic_of
from logdepth.simulation.routers.router import Routing
from logdepth.simulation.routers.traffic import Traffic

NOWHERE = np.zeros(0, np.int64)


def num_tokens(spec: Spec, layout: Layout) -> int:
    """Input tokens, machines or output tokens, whatever is most; a router may add blank ones."""
    return max(len(layout.reader), len(layout.writer), spec.num_machines)


def message(types: Mapping[str, np.dtype], columns: Mapping[str, Array], to: Array, label: str) -> Outbox:
    """A token's outbox: a row of words for each of the machines or tokens `to`; of the types that are declared."""
    given = {name: columns.get(name, np.zeros(0, word)) for name, word in types.items()}
    assert all(given[name].dtype == word for name, word in types.items()), "a layout that declares other types"
    return Outbox({}, {TOKENS: (Table(given, np.array([0, len(to)])), to)}, label)


def own_token(layout: Layout, token: int, words: Mapping[str, Array]) -> Outbox:
    """phi_0 of one token, of its own words (one entry a column; none for a blank one): to its reader."""
    return message(layout.inputs, words, layout.reader[token : token + 1], "init")


def token_traffic(num_tokens: int, types: Mapping[str, np.dtype], source: Array, destination: Array) -> Traffic:
    """Message t goes from `source[t]` to `destination[t]`, a row of these types; nothing else.

    >>> token_traffic(4, {"a": np.dtype("int64")}, np.arange(4), np.array([0, 0, 1, 1])).in_degree
    2
    """
    order = np.argsort(source, kind="stable")
    source, destination = np.asarray(source)[order], np.asarray(destination)[order]
    table = Table(
        {name: np.zeros(len(source), word) for name, word in types.items()},
        np.searchsorted(source, np.arange(num_tokens + 1)),
    )
    return traffic_of(num_tokens, away(write_mail(np.arange(num_tokens), {TOKENS: (table, destination)})))


def init(
    spec: Spec, layout: Layout, build: Callable[[Traffic, str], Routing], local: Callable[[int, Tables], Outbox]
) -> Communication:
    """Each token to its reader, which makes its tables of them and begins with the protocol."""
    readers = token_traffic(num_tokens(spec, layout), layout.inputs, np.arange(len(layout.reader)), layout.reader)

    def load(token: int, tables: Tables) -> Outbox:
        if token >= spec.num_machines:
            return EMPTY
        return local(token, layout.load(Shard(spec, token, 1, tables, NumpyKernels())))

    return Communication(build(readers, "init"), before=lambda token, outbox: outbox, after=load)


def final(spec: Spec, layout: Layout, build: Callable[[Traffic, str], Routing]) -> Communication:
    """Each machine, halted, to its output tokens."""
    writers = token_traffic(num_tokens(spec, layout), layout.outputs, layout.writer, np.arange(len(layout.writer)))

    def unload(token: int, outbox: Outbox) -> Outbox:
        if outbox is EMPTY:
            return message(layout.outputs, {}, NOWHERE, "final")
        shard = Shard(spec, token, 1, outbox.keep, NumpyKernels())
        to = np.flatnonzero(layout.writer == token)
        return message(layout.outputs, layout.unload(shard).columns, to, "final")

    return Communication(
        build(writers, "final"), before=unload, after=lambda token, tables: Outbox(tables, label="the end", halt=True)
    )
