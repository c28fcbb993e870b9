"""Any program as an MPC protocol: a look-up is a join, a count a segmented sum, word arithmetic is local.

    khop_rank.trace(length=1000, alphabet_size=4, k=64)  -->  program_to_protocol(graph, spec, 1000)

Positions 1..n lie in blocks; every machine has a copy of the start token in front of its own (row 0), which computes
what the start token computes. So what stands where nothing matches is known to every machine, at no cost in rounds, and
a block is what the interpreter takes for a sequence. One look-up:
1. Each machine looks in its own block (`joins.join_blocks`). Under a causal mask the latest match up to me, if it is in
   my block, is the answer.
2. What is left to ask, once a distinct query, meets what each block has to say of a key, one fact a distinct key: its
   best match, or how many (`meeting.meet`). A key that all tokens share is one row a machine.
3. The answer is compared with, or added to, the block's own.
Order is position: machines come in order of their blocks, so under a causal mask an ask of machine i sees the facts of
machines before it.

Rounds per look-up: none on one machine; else those of `meeting.meet`, `1 + 2 D + max(1, sort + 2 D') + 1` at most.
A header costs `2 D''` rounds more, once: machine 0 tells all. So R look-ups in a program take O(R / delta) rounds.
Memory: per token the words that are still needed, two more while a look-up goes on, and two rows of
`keys + 1 + words read` words to sort.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial

import numpy as np

from logdepth.errors import InputError, SpecError
from logdepth.joins import join_blocks
from logdepth.lang.graph import Node, ProgramGraph
from logdepth.lang.local import evaluate_local
from logdepth.mpc.protocol import Change, Local, Protocol, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import block_owner, block_starts, within
from logdepth.protocols.lookup import BESIDE
from logdepth.protocols.segments import fold
from logdepth.protocols.trees import all_reduce
from logdepth.simulation.keys import NO_KEY, Codes, local_codes, narrowest, spread_owner
from logdepth.simulation.meeting import Meeting, meet
from logdepth.simulation.steps import FREE, Step, order_steps


def program_to_protocol(graph: ProgramGraph, spec: Spec, size: int) -> Protocol:
    """The program's answers at positions 1..size, int64, (size,). Inputs: `place_tokens`.

    Equal to the interpreter's, whatever the spec. Raises `InputError` if the graph was traced for shorter sequences,
    `SpecError` if s is too small to sort.

    >>> from logdepth.mpc import LocalEngine
    >>> from logdepth.programs import khop_rank
    >>> graph = khop_rank.trace(length=12, alphabet_size=5, k=2)
    >>> protocol = program_to_protocol(graph, Spec(3, 1000, 12), 12)
    >>> baebcabebdea = np.array([1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0])
    >>> LocalEngine().run(protocol, place_tokens(protocol.spec, graph, baebcabebdea)).result.tolist()
    [5, 5, 5, 5, 5, 5, 5, 0, 1, 5, 4, 2]
    """
    if size > graph.setting.length:
        raise InputError(f"a sequence of {size:,} symbols; the program was traced for {graph.setting.length:,} at most")
    steps, rest = order_steps(graph)
    most = max([1, *(max(len(step.held) + 2, len(step.after)) for step in steps)])
    beside = (most * (-(-size // spec.num_machines) + 1)) + BESIDE
    if spec.local_memory < beside:
        raise SpecError(
            f"local_memory = {spec.local_memory:,} is too small for {graph.name} on {spec.num_machines:,} machines, whose "
            f"tokens hold up to {most} words each: give at least {beside:,} words a machine"
        )
    stages: list[Stage] = _tell_header(graph, spec)
    for number, step in enumerate(steps, 1):
        stages += _LookUp(graph, spec, size, step, beside).stages(f"{number}. {step.match.kind}")

    def answer(shard: Shard) -> Change:
        words = Words(graph, size, shard)
        words.compute(rest)
        return Change(keep={"tokens": Table({"answer": words[graph.output]}, shard["tokens"].offsets)})

    def collect(tables: Mapping[str, Table]) -> Array:
        tokens = tables["tokens"]
        return tokens["answer"][within(tokens) > 0]

    digest = hashlib.sha256(repr([node.key for node in graph.nodes]).encode()).hexdigest()
    config = {"size": size, "graph": digest, "output": graph.output, "causal": graph.causal}
    return Protocol(graph.name, spec, [*stages, Local(answer)], collect, config, collects="answers, already in order")


def place_tokens(spec: Spec, graph: ProgramGraph, tokens: Array, header: int | None = None) -> dict[str, Table]:
    """The input on the machines: symbols in blocks behind a start token each, the header on machine 0.

    >>> from logdepth.programs import khop_rank
    >>> graph = khop_rank.trace(length=3, alphabet_size=2, k=1)
    >>> place_tokens(Spec(2, 100, 3), graph, np.array([1, 0, 1]))["tokens"]["token"].tolist()
    [2, 1, 2, 0, 1]
    """
    alphabet_size, machines = graph.setting.alphabet_size, spec.num_machines
    blocks = np.arange(machines + 1) * len(tokens) // machines
    column = np.insert(tokens.astype(narrowest(0, alphabet_size)), blocks[:-1], alphabet_size)
    placed = {"tokens": Table({"token": column}, blocks + np.arange(machines + 1))}
    if header is not None:
        one = np.concatenate([[0], np.ones(machines, np.int64)])
        placed["header"] = Table({"value": np.array([header], np.int64)}, one)
    return placed


def _tell_header(graph: ProgramGraph, spec: Spec) -> list[Stage]:
    """Everybody learns the header, if it is asked for."""
    if graph.setting.header_size == 0:
        return []
    if all(node.op != "header" for node in graph.nodes):
        return [Local(lambda shard: Change(drop=("header",)))]
    return all_reduce(
        spec, "first", lambda shard: {"value": fold(np.add, shard["header"]["value"], shard["header"].offsets, 0)},
        "sum", drop=("header",), what="header",
    )  # fmt: skip


class Words:
    """The words of a shard's tokens, by node: held in columns, computed here, or known from their place. int64."""

    def __init__(self, graph: ProgramGraph, size: int, shard: Shard) -> None:
        self.graph, self.size, self.shard = graph, size, shard
        self.tokens = shard["tokens"]
        self.row = within(self.tokens)
        self.made: dict[int, Array] = {}

    def __getitem__(self, index: int) -> Array:
        node = self.graph.nodes[index]
        if index not in self.made:
            known = node.op in FREE
            self.made[index] = self._known(node) if known else self.tokens[column_name(self.graph, index)].astype(int)
        return self.made[index]

    def compute(self, nodes: tuple[int, ...]) -> None:
        """Local words, in order."""
        for index in nodes:
            node = self.graph.nodes[index]
            self.made[index] = evaluate_local(node, [self[arg] for arg in node.args])

    @property
    def position(self) -> Array:
        return np.where(self.row > 0, self.tokens.spread(block_starts(self.shard, self.size)) + self.row, 0)

    def _known(self, node: Node) -> Array:
        match node.op:
            case "position":
                return self.position
            case "real":
                return (self.row > 0).astype(np.int64)
            case "constant":
                return np.full(len(self.row), node.lo)
        return np.where(self.row > 0, 0, self.tokens.spread(self.shard["first"]["value"]))

    def columns(self, nodes: tuple[int, ...]) -> dict[str, Array]:
        """Words as columns to hold."""
        return {
            column_name(self.graph, index): self[index].astype(
                narrowest(self.graph.nodes[index].lo, self.graph.nodes[index].hi)
            )
            for index in nodes
        }


def column_name(graph: ProgramGraph, index: int) -> str:
    return "token" if graph.nodes[index].op == "symbol" else f"word{index}"


class _LookUp:
    """One look-up: before and after the meeting."""

    def __init__(self, graph: ProgramGraph, spec: Spec, size: int, step: Step, beside: int) -> None:
        self.graph, self.spec, self.size, self.step = graph, spec, size, step
        self.kind, self.counts = step.match.kind, step.match.kind == "count"
        self.alone = spec.num_machines == 1
        self.codes = Codes.of(graph, step.match)
        self.asks_all = self.kind not in ("last", "at")  # an answer in my own block may not be the best
        says = {f"say{place}": graph.nodes[arg] for place, arg in enumerate(self._values)}
        rows = -(-size // spec.num_machines) + 1
        low, high = 0, rows  # an ask's row stands in a fact's first column
        self.types = {}
        if self.counts:
            self.types["count"] = np.int64
        if self.kind in ("first", "highest", "lowest"):
            self.types["order"] = np.int64
        for name, node in says.items():
            first = not self.types
            self.types[name] = narrowest(
                min(node.lo, low) if first else node.lo, max(node.hi, high) if first else node.hi
            )
        owner = partial(_holder, spec, size) if self.kind == "at" else partial(spread_owner, spec.num_machines)
        self.meeting = Meeting(
            spec, self.codes.names, tuple(self.types), all_facts=not graph.causal, owner=owner,
            max_rows=2 * size + (0 if graph.causal else spec.num_machines), beside=beside,
        )  # fmt: skip

    @property
    def _values(self) -> list[int]:
        """The nodes whose values are read."""
        return [arg for read in self.step.reads for arg in self.graph.nodes[read].args]

    def stages(self, what: str) -> list[Stage]:
        between = [] if self.alone else meet(self.meeting, what=what)
        return [Local(self.before), *between, Local(self.after)]

    def _order(self, words: Words) -> Array | None:
        """What the best match has most of; the latest among equals."""
        match self.kind:
            case "first":
                return -words.position
            case "highest" | "lowest":
                assert self.step.match.by is not None
                by = words[self.step.match.by]
                return by if self.kind == "highest" else -by
        return None

    def before(self, shard: Shard) -> Change:
        """Look in my own block; table `rows`: what is to be asked, and what there is to say."""
        words, match = Words(self.graph, self.size, shard), self.step.match
        words.compute(self.step.compute)
        tokens, row, causal = words.tokens, words.row, self.graph.causal
        offsets, kind = tokens.offsets, "highest" if self.kind == "lowest" else self.kind
        keys = self.codes.columns([words[key] for key in match.keys], len(row))
        queries = self.codes.columns([words[query] for query in match.queries], len(row))
        key, query = local_codes(keys, queries)
        order = self._order(words)
        here = np.zeros(len(row), np.int64)
        if causal or self.alone:
            here = join_blocks(kind, offsets, key, query, order=order, causal=causal)
        asker = join_blocks("first", offsets, query, query, causal=False)  # the first of my block with my query
        if causal:
            asker[row == 0] = 0  # the start token sees nothing, and does not ask
        held = words.columns(self.step.held)
        narrow = narrowest(0, self.size)
        held |= {"here": here.astype(narrow), "asker": asker.astype(narrow)}
        change: dict[str, Table] = {"tokens": Table(held, offsets)}
        if not self.alone:
            asks = (asker == row) & (queries[0] != NO_KEY)
            if causal:
                asks &= (row > 0) & (self.asks_all | (here == 0))
            best = join_blocks("last" if self.counts else kind, offsets, key, key, order=order, causal=False)
            says = [words[value] for value in self._values]
            if self.counts:
                says = [join_blocks("count", offsets, key, key, causal=False)]
            elif order is not None:
                says = [order, *says]
            change["rows"] = self._rows(shard, tokens, row, (asks, queries), ((best == row) & (row > 0), keys), says)
        return Change(keep=change)

    def _rows(
        self,
        shard: Shard,
        tokens: Table,
        row: Array,
        asks: tuple[Array, list[Array]],
        facts: tuple[Array, list[Array]],
        says: list[Array],
    ) -> Table:
        """Asks and facts, machine by machine, asks first: they see the facts of machines before theirs."""
        machine = shard.machine_of(tokens)
        columns = []
        for (chosen, codes), who, said in (
            (asks, machine, [row, *[np.zeros_like(row)] * (len(says) - 1)]),
            (facts, np.full_like(machine, -1), says),
        ):
            named = {
                name: code.astype(kind)
                for name, code, kind in zip(self.codes.names, codes, self.codes.types, strict=True)
            }
            named |= {"asker": who}
            named |= {name: say.astype(kind) for (name, kind), say in zip(self.types.items(), said, strict=True)}
            columns.append(shard.select(Table(named, tokens.offsets), chosen))
        merged, offsets = shard.kernels.merge(
            [list(table.columns.values()) for table in columns], [table.offsets for table in columns]
        )
        return Table(dict(zip(columns[0].columns, merged, strict=True)), offsets)

    def after(self, shard: Shard) -> Change:
        """What was found in my block, or was answered, whichever is better; the start token's own where nothing was."""
        words = Words(self.graph, self.size, shard)
        tokens, start = words.tokens, words.tokens.spread(words.tokens.offsets[:-1])
        here = tokens["here"].astype(np.int64)
        answers = None if self.alone else shard["answers"]
        reply = np.full(len(here), -1)  # the answer to my query
        if answers is not None:
            reply[answers.spread(tokens.offsets[:-1]) + answers["row"]] = np.arange(answers.num_rows)
            reply = reply[start + tokens["asker"]]
        if self.counts:
            found = [here if answers is None else here + _replied(answers, "count", reply, 0)]
        else:
            mine = here > 0
            if answers is not None and (order := self._order(words)) is not None:
                mine &= (reply < 0) | (order[start + here] >= _replied(answers, "order", reply, 0))
            found = []
            for place, value in enumerate(self._values):
                own = words[value][start + here]  # row 0, the start token, where nothing is here
                found.append(
                    own if answers is None else np.where(mine, own, _replied(answers, f"say{place}", reply, own))
                )
        words.made |= dict(zip(self.step.reads, found, strict=True))
        kept = words.columns(self.step.after)
        return Change(keep={"tokens": Table(kept, tokens.offsets)}, drop=() if answers is None else ("answers",))


def _holder(spec: Spec, size: int, keys: list[Array]) -> Array:
    """The machine of each position; of one that is none any machine, where nothing will be found."""
    return block_owner(spec, np.clip(keys[0].astype(np.int64) - 1, 0, size - 1), size)


def _replied(answers: Table, name: str, reply: Array, default: Array | int) -> Array:
    """What each row was answered; the default where it wasn't."""
    column = answers[name]
    return (
        np.where(reply >= 0, column[np.maximum(reply, 0)], default) if len(column) else default + np.zeros_like(reply)
    )
