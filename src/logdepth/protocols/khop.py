"""k-hop induction heads on machines: one join and `floor(log2 k) + 2` reads (Definition 4.1, Theorem 4.2).

Slots 0..n: slot i >= 1 is position i, slot 0 is "nothing", with a symbol of its own, `alphabet_size`; slot i lives on
machine `i % q`. `find^1(i) = max({0} u {j <= i : X_{j-1} = X_i})` is a join: slot i offers the fact "after an X_i comes
slot i + 1" (key X_i, order 2 (i + 1)) and asks for the last fact with key X_i and order at most 2 i, that is, the
greatest j <= i with X_{j-1} = X_i; j = i counts. The previous symbol, the transformer's first layer, is not needed:
slot j - 1 speaks for slot j. Slot 0 does the same as all others: only its fact has its key, at order 2 > 1, so
`find(0) = 0`, and no slot finds slot 0's fact. Then pointer doubling, and the symbol where the pointer leads.
`find(i) <= i`, so after n steps nothing moves: `find^k = find^min(k, n)`.

Rounds: a sort, a prefix tree and 1 for the join; with k' = min(k, n), `floor(log2 k') + 1` reads for the power (one
fewer if k' is a power of two), 1 read for the symbol; none for k = 0. That holds however skewed the symbols are: one
symbol n times costs what n symbols cost. Memory: 3 words a slot and a read in progress; by sorting 3 rows of 4 words a
slot.
Source: Sanford, Hsu, Telgarsky, arXiv 2402.09268, Theorem 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from logdepth.mpc.protocol import Change, Local, Protocol, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import addresses, in_order, in_turn, within
from logdepth.protocols.inputs.sequences import SEQUENCE, Sequence, check_symbols
from logdepth.protocols.layout import TOKENS, Layout
from logdepth.protocols.lookup import join, stack
from logdepth.protocols.pointer_doubling import power_stages, read_through
from logdepth.protocols.problem import Problem


def find_stages(spec: Spec, num_slots: int) -> list[Stage]:
    """In table cells, from column token, the symbol of every slot, to column square: find^1 of it."""

    def records(shard: Shard) -> Table:
        cells = shard["cells"]
        slot, key = addresses(shard, cells), cells["token"].astype(np.int64)
        facts = {"key": key, "order": 2 * (slot + 1), "a": slot + 1, "b": np.zeros_like(slot)}
        queries = {"key": key, "order": 2 * slot + 1, "a": cells.spread(shard.machines), "b": within(cells)}
        return stack(Table(facts, cells.offsets), Table(queries, cells.offsets))

    def found(shard: Shard) -> Change:
        cells = shard["cells"]
        square = shard["found"]["value"].astype(cells["token"].dtype)
        return Change(keep={"cells": cells.with_columns(square=square)}, drop=("found",))

    return [
        *join(
            spec, "find", records, "found", max_rows=2 * num_slots,
            num_queries=lambda shard: shard["cells"].counts, what="find",
        ),
        Local(found),
    ]  # fmt: skip


def place_sequence(spec: Spec, data: Sequence) -> dict[str, Table]:
    """The input on the machines: slot i on machine `i % q`; slot 0 holds `alphabet_size`.

    Raises `InputError` if a token is no symbol of the alphabet.

    >>> place_sequence(Spec(2, 100, 3), Sequence(np.array([1, 0, 1]), 1, 2))["cells"]["token"].tolist()
    [2, 0, 1, 1]
    """
    tokens = _tokens(data)
    return {"cells": in_turn(spec, token=np.append(tokens.dtype.type(data.alphabet_size), tokens))}


def _word(size: int, alphabet_size: int) -> type:
    """Of symbols and slots."""
    return np.int32 if max(size, alphabet_size) < 2**31 - 1 else np.int64


def _tokens(data: Sequence) -> Array:
    tokens = check_symbols(data.tokens, data.alphabet_size)
    return tokens.astype(_word(len(tokens), data.alphabet_size))


def khop(spec: Spec, size: int, k: int, alphabet_size: int) -> Protocol:
    """hop_k at every position, int64, (size,); `alphabet_size` stands for "nothing". Inputs: `place_sequence`.

    >>> baebcabebdea = np.array([1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0])
    >>> KHOP.run(Sequence(baebcabebdea, k=2, alphabet_size=5)).result.tolist()
    [5, 5, 5, 5, 5, 5, 5, 0, 1, 5, 4, 2]
    """

    def collect(tables: Mapping[str, Table]) -> Array:
        return in_order(tables["cells"], "power" if hops else "token")[1:].astype(np.int64)

    hops = min(k, size)
    stages: list[Stage] = []
    if hops:
        stages = [
            *find_stages(spec, size + 1),
            *power_stages(spec, size + 1, hops, what="double"),
            *read_through(spec, "symbol", ("power",), "token", size=size + 1, what="symbol"),
        ]
    config = {"size": size, "k": k, "alphabet_size": alphabet_size}
    return Protocol("khop", spec, stages, collect, config, collects="answers put in order")


def layout_khop(spec: Spec, size: int, k: int, alphabet_size: int) -> Layout:
    """Symbol t, the answer at it too, is token t: slot t + 1. Slot 0 is no token: machine 0 knows what it holds."""
    word = np.dtype(_word(size, alphabet_size))
    machine = np.arange(1, size + 1) % spec.num_machines
    answer = "power" if min(k, size) else "token"

    def load(shard: Shard) -> dict[str, Table]:
        tokens, zero = shard[TOKENS], (shard.machines == 0).astype(np.int64)
        slot = Table({"token": np.full(zero.sum(), alphabet_size, word)}, np.append(0, np.cumsum(zero)))
        return {"cells": stack(slot, tokens)}

    def unload(shard: Shard) -> Table:
        cells = shard["cells"]
        return Table({"answer": cells[answer]}, cells.offsets).where(addresses(shard, cells) > 0)

    return Layout(
        tokens=lambda data: {"token": _tokens(data)},
        inputs={"token": word},
        reader=machine,
        load=load,
        outputs={"answer": word},
        writer=machine,
        unload=unload,
        result=lambda tokens: tokens["answer"].astype(np.int64),
    )


def _table(sequence: Sequence, answers: Array) -> dict[str, Array]:
    """The answers by name ("" where nothing was found), or as tokens if symbols have no names."""
    if sequence.names:
        answers = np.array([*sequence.names, ""], dtype=object)[answers]
    return {"index": np.arange(len(answers)), "symbol": answers}


KHOP = Problem(
    name="khop",
    input=SEQUENCE,
    summary="k-hop induction heads: the symbol that k hops from each position lead to",
    slack=64,
    protocol=khop,
    place=place_sequence,
    columns=("index", "symbol"),
    table=_table,
    facts=lambda sequence, answers: {
        "defined": int((answers < sequence.alphabet_size).sum()),
        "last": str(_table(sequence, answers[-1:])["symbol"][0]) if len(answers) else "",
    },
    driver={
        "place": "symbols checked, a slot a position dealt in turn",
        "table": "symbols' names put back",
        "facts": "answers that are defined counted",
    },
    layout=layout_khop,
)
