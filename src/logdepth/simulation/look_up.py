"""One look-up of a program on machines: what is done in each block before facts and asks meet, and after."""

from __future__ import annotations

from functools import partial

import numpy as np

from logdepth.joins import join_blocks
from logdepth.lang.graph import ProgramGraph
from logdepth.mpc.protocol import Change, Local, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import block_owner
from logdepth.simulation.keys import NO_KEY, Codes, local_codes, narrowest, spread_owner
from logdepth.simulation.meeting import Meeting, meet
from logdepth.simulation.steps import Step
from logdepth.simulation.token_words import TokenWords


class LookUp:
    """One look-up: before and after the meeting. `beside`: words that a machine's tokens take, at most."""

    def __init__(self, graph: ProgramGraph, spec: Spec, size: int, step: Step, beside: int) -> None:
        self.graph, self.spec, self.size, self.step = graph, spec, size, step
        self.kind, self.causal, self.alone = step.match.kind, graph.causal, spec.num_machines == 1
        self.codes = Codes.of(graph, step.match)
        self.values = [arg for read in step.reads for arg in graph.nodes[read].args]  # the words that are read
        self.says = self._says()
        owner = partial(_holder, spec, size) if self.kind == "at" else partial(spread_owner, spec.num_machines)
        self.meeting = Meeting(
            spec, self.codes.names, tuple(self.says), all_facts=not graph.causal, owner=owner,
            max_rows=2 * size + (0 if graph.causal else spec.num_machines), beside=beside,
        )  # fmt: skip

    def _says(self) -> dict[str, type]:
        """What a fact says, and its type; the first has room for an ask's row, too."""
        if self.kind == "count":
            return {"count": np.int64}
        found: dict[str, type] = {"order": np.int64} if self.kind in ("first", "highest", "lowest") else {}
        for place, value in enumerate(self.values):
            node, most = self.graph.nodes[value], 0 if found else self.size
            found[f"say{place}"] = narrowest(min(node.lo, 0), max(node.hi, most))
        return found

    def stages(self, what: str) -> list[Stage]:
        """Rounds as `meet`'s; none on one machine."""
        between = [] if self.alone else meet(self.meeting, what=what)
        return [Local(self.before), *between, Local(self.after)]

    def before(self, shard: Shard) -> Change:
        """Look in my own block. Table `rows`: what is still to be asked, and what there is to say."""
        words, match = TokenWords(self.graph, self.size, shard), self.step.match
        words.compute(self.step.compute)
        tokens, row, offsets = words.tokens, words.row, words.tokens.offsets
        keys = self.codes.columns([words[key] for key in match.keys], len(row))
        queries = self.codes.columns([words[query] for query in match.queries], len(row))
        key, query = local_codes(keys, queries)
        order = self._order(words)
        kind = "highest" if self.kind == "lowest" else self.kind  # the order is turned round

        here = np.zeros(len(row), np.int64)  # without a mask my block's facts come with all others
        if self.causal or self.alone:
            here = join_blocks(kind, offsets, key, query, order=order, causal=self.causal)
        asker = join_blocks("first", offsets, query, query, causal=False)  # who asks for all of my block with my query
        if self.causal:
            asker[row == 0] = 0  # the start token sees nothing, and does not ask
        narrow = narrowest(0, self.size)
        held = {**words.columns(self.step.held), "here": here.astype(narrow), "asker": asker.astype(narrow)}
        change = {"tokens": Table(held, offsets)}
        if self.alone:
            nothing = {"row": np.zeros(0, np.int64), **{name: np.zeros(0, kind) for name, kind in self.says.items()}}
            return Change(keep={**change, "answers": Table(nothing, np.zeros_like(offsets))})

        asks = (asker == row) & (queries[0] != NO_KEY)
        if self.causal:
            asks &= row > 0
        if self.causal and order is None and kind != "count":
            asks &= here == 0  # the latest is in my block: earlier ones don't matter
        best = join_blocks("last" if kind == "count" else kind, offsets, key, key, order=order, causal=False)
        says = [words[value] for value in self.values]
        if kind == "count":
            says = [join_blocks("count", offsets, key, key, causal=False)]
        elif order is not None:
            says = [order, *says]
        machine = shard.machine_of(tokens)
        asking = self._rows(tokens, queries, machine, [row, *[np.zeros_like(row)] * (len(says) - 1)])
        facts = self._rows(tokens, keys, np.full_like(machine, -1), says)
        parts = [shard.select(asking, asks), shard.select(facts, (best == row) & (row > 0))]
        columns, starts = shard.kernels.merge(  # asks first: they see the facts of machines before theirs
            [list(part.columns.values()) for part in parts], [part.offsets for part in parts]
        )
        return Change(keep={**change, "rows": Table(dict(zip(facts.columns, columns, strict=True)), starts)})

    def _rows(self, tokens: Table, codes: list[Array], asker: Array, says: list[Array]) -> Table:
        """A row for each token: its key, who asks, and what is said."""
        columns = {name: code.astype(kind) for (name, kind), code in zip(self.codes.types.items(), codes, strict=True)}
        said = {name: say.astype(kind) for (name, kind), say in zip(self.says.items(), says, strict=True)}
        return Table({**columns, "asker": asker, **said}, tokens.offsets)

    def _order(self, words: TokenWords) -> Array | None:
        """What the best match has most of, the latest among equals; None: it is simply the latest."""
        match self.kind:
            case "first":
                return -words.position
            case "highest" | "lowest":
                assert self.step.match.by is not None
                by = words[self.step.match.by]
                return by if self.kind == "highest" else -by
        return None

    def after(self, shard: Shard) -> Change:
        """What was found in my block, or was answered, whichever is better; the start token's own where nothing was."""
        words, answers = TokenWords(self.graph, self.size, shard), shard["answers"]
        tokens, start = words.tokens, words.tokens.spread(words.tokens.offsets[:-1])
        reply = np.full(tokens.num_rows, -1)  # the answer to each row's query
        reply[answers.spread(tokens.offsets[:-1]) + answers["row"]] = np.arange(answers.num_rows)
        reply = reply[start + tokens["asker"]]
        here = tokens["here"].astype(np.int64)
        if self.kind == "count":
            found = [here + _replied(answers["count"], reply, np.zeros_like(here))]
        else:
            mine, order = here > 0, self._order(words)
            if order is not None:
                own = order[start + here]
                mine &= own >= _replied(answers["order"], reply, own)
            found = []
            for place, value in enumerate(self.values):
                own = words[value][start + here]  # of row 0, the start token, where nothing is here
                found.append(np.where(mine, own, _replied(answers[f"say{place}"], reply, own)))
        words.made |= dict(zip(self.step.reads, found, strict=True))
        return Change(keep={"tokens": Table(words.columns(self.step.after), tokens.offsets)}, drop=("answers",))


def _holder(spec: Spec, size: int, keys: list[Array]) -> Array:
    """The machine of each position; of one that is none any machine, where nothing will be found."""
    return block_owner(spec, np.clip(keys[0].astype(np.int64) - 1, 0, size - 1), size)


def _replied(column: Array, reply: Array, default: Array) -> Array:
    """What each row was answered; the default where it wasn't."""
    return np.where(reply >= 0, column[np.maximum(reply, 0)], default) if len(column) else default
