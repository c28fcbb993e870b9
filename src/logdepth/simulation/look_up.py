"""One look-up of a program on machines: what is done in each block before facts and asks meet, and after."""

from __future__ import annotations

import math
from functools import partial
from itertools import chain, pairwise

import numpy as np

from logdepth.joins import combine, join_blocks
from logdepth.lang.graph import ProgramGraph
from logdepth.mpc.protocol import Change, Local, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import block_owner
from logdepth.related_joins import Related, join_related
from logdepth.simulation.crossing import Crossing, cross, word_names
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
        self.heres = [f"here{place}" for place in range(len(self.values))] if self.kind == "union" else ["here"]
        self.relations, self.beside = step.match.relations, beside

    def _says(self) -> dict[str, type]:
        """What a fact says, and its type; the first has room for an ask's row, too."""
        if self.kind == "count":
            return {"count": np.int64}
        found: dict[str, type] = {"order": np.int64} if self.kind in ("first", "highest", "lowest") else {}
        said = "union" if self.kind == "union" else "say"
        for place, value in enumerate(self.values):
            node, most = self.graph.nodes[value], 0 if found else self.size
            found[f"{said}{place}"] = narrowest(min(node.lo, 0), max(node.hi, most))
        return found

    def stages(self, what: str) -> list[Stage]:
        """Rounds as `meet`'s or `cross`'s; none on one machine."""
        between: list[Stage] = []
        if not self.alone and self.relations:
            between = cross(self._crossing(), what=what)
        elif not self.alone:
            between = meet(self._meeting(), what=what)
        return [Local(self.before), *between, Local(self.after)]

    def _meeting(self) -> Meeting:
        spec, size = self.spec, self.size
        owner = partial(_holder, spec, size) if self.kind == "at" else partial(spread_owner, spec.num_machines)
        return Meeting(
            spec, self.codes.names, tuple(self.says), all_facts=not self.causal, owner=owner,
            max_rows=2 * size + (0 if self.causal else spec.num_machines), beside=self.beside,
        )  # fmt: skip

    def _crossing(self) -> Crossing:
        """The grid, with room for as many facts and asks as a block may have: no more than its words have values."""
        match, nodes = self.step.match, self.graph.nodes
        block = -(-self.size // self.spec.num_machines)
        facts = math.prod(nodes[word].size for word in (*match.keys, *(i for r in match.relations for i in r.theirs)))
        asks = math.prod(nodes[word].size for word in (*match.queries, *(i for r in match.relations for i in r.mine)))
        return Crossing(
            self.spec,
            {"first": "highest", "lowest": "highest"}.get(self.kind, self.kind),
            self.codes.names if match.keys else (),
            kinds=tuple(each.kind for each in match.relations),
            theirs=tuple(len(each.theirs) for each in match.relations),
            mine=tuple(len(each.mine) for each in match.relations),
            says=tuple(self.says),
            causal=self.causal,
            most_facts=min(block, facts),
            most_asks=min(block + (not self.causal), asks),
            beside=self.beside,
        )

    def before(self, shard: Shard) -> Change:
        """Look in my own block. What is still to be asked, and what there is to say: in table `rows`, or in `facts` and
        `asks` where they meet on a grid."""
        words, match = TokenWords(self.graph, self.size, shard), self.step.match
        words.compute(self.step.compute)
        tokens, row, offsets = words.tokens, words.row, words.tokens.offsets
        keys = self.codes.columns([words[key] for key in match.keys], len(row))
        queries = self.codes.columns([words[query] for query in match.queries], len(row))
        key, query = local_codes(keys, queries)
        theirs = [[words[word] for word in each.theirs] for each in match.relations]
        mine = [[words[word] for word in each.mine] for each in match.relations]
        fact, ask = (key, query) if not theirs else (_code(keys, theirs), _code(queries, mine))  # distinct where equal
        order = self._order(words)
        kind = "highest" if self.kind == "lowest" else self.kind  # the order is turned round
        values = [words[value] for value in self.values]
        found = partial(join_blocks, kind, offsets)
        if theirs:
            found = partial(_join_related, kind, offsets, [each.kind for each in match.relations], theirs, mine)

        here = [np.zeros(len(row), np.int64) for _ in self.heres]  # without a mask my block's facts come with the rest
        if self.causal or self.alone:
            orders = values if kind == "union" else [order]
            here = [found(key, query, order=each, causal=self.causal) for each in orders]
        asker = join_blocks("first", offsets, ask, ask, causal=False)  # who asks for all of my block with my query
        asks = (asker == row) & (queries[0] != NO_KEY)
        if self.causal or kind == "union":
            asker[row == 0] = 0  # the start token sees nothing, and does not ask
            asks &= row > 0
        narrow = narrowest(0, self.size)
        own = {
            name: each.astype(np.int64 if kind == "union" else narrow)
            for name, each in zip(self.heres, here, strict=True)
        }
        held = {**words.columns(self.step.held), **own, "asker": asker.astype(narrow)}
        change = {"tokens": Table(held, offsets)}
        if self.alone:
            nothing = {"row": np.zeros(0, np.int64), **{name: np.zeros(0, kind) for name, kind in self.says.items()}}
            return Change(keep={**change, "answers": Table(nothing, np.zeros_like(offsets))})

        if self.causal and kind in ("last", "at"):
            asks &= here[0] == 0  # the latest is in my block: earlier ones don't matter
        told, says = self._to_say(words, kind, fact, order, values)
        if theirs:
            facts = self._table(tokens, keys, "theirs", theirs, self._said(says))
            asking = self._table(tokens, queries, "mine", mine, {"row": row})
            return Change(keep={**change, "facts": shard.select(facts, told), "asks": shard.select(asking, asks)})
        machine = shard.machine_of(tokens)
        asking = self._rows(tokens, queries, machine, [row, *[np.zeros_like(row)] * (len(says) - 1)])
        facts = self._rows(tokens, keys, np.full_like(machine, -1), says)
        parts = [shard.select(asking, asks), shard.select(facts, told)]
        columns, starts = shard.kernels.merge(  # asks first: they see the facts of machines before theirs
            [list(part.columns.values()) for part in parts], [part.offsets for part in parts]
        )
        return Change(keep={**change, "rows": Table(dict(zip(facts.columns, columns, strict=True)), starts)})

    def _to_say(
        self, words: TokenWords, kind: str, fact: Array, order: Array | None, values: list[Array]
    ) -> tuple[Array, list[Array]]:
        """Which tokens speak for all of their block that are the same fact, and what each of them says."""
        offsets = words.tokens.offsets
        among = partial(join_blocks, offsets=offsets, keys=fact, queries=fact, causal=False)
        best = among("last" if kind in ("count", "union") else kind, order=order)
        told = (best == words.row) & (words.row > 0)
        if kind == "count":
            return told, [among("count")]
        if kind == "union":
            return told, [among("union", order=value) for value in values]
        return told, values if order is None else [order, *values]

    def _rows(self, tokens: Table, codes: list[Array], asker: Array, says: list[Array]) -> Table:
        """A row for each token: its key, who asks, and what is said."""
        columns = {name: code.astype(kind) for (name, kind), code in zip(self.codes.types.items(), codes, strict=True)}
        return Table({**columns, "asker": asker, **self._said(says)}, tokens.offsets)

    def _said(self, says: list[Array]) -> dict[str, Array]:
        return {name: say.astype(kind) for (name, kind), say in zip(self.says.items(), says, strict=True)}

    def _table(
        self, tokens: Table, codes: list[Array], side: str, related: list[list[Array]], rest: dict[str, Array]
    ) -> Table:
        """A row for each token: its key, its words of each relation, and the rest."""
        columns = dict(zip(self.codes.names, codes, strict=True)) if self.step.match.keys else {}
        names = word_names(side, [len(words) for words in related])
        columns |= dict(zip(chain(*names), chain(*related), strict=True))
        return Table({**columns, **rest}, tokens.offsets)

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
        here = tokens[self.heres[0]].astype(np.int64)
        if self.kind == "count":
            found = [here + _replied(answers["count"], reply, np.zeros_like(here))]
        elif self.kind == "union":
            found = [
                tokens[own] | _replied(answers[said], reply, np.zeros_like(here))
                for own, said in zip(self.heres, self.says, strict=True)
            ]
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


def _code(keys: list[Array], related: list[list[Array]]) -> Array:
    """One code a row, equal where the key and all words of all relations are."""
    columns = [*keys, *chain(*related)]
    return combine(columns, columns)[0] if len(keys[0]) else keys[0]


def _join_related(
    kind: str,
    offsets: Array,
    kinds: list[str],
    theirs: list[list[Array]],
    mine: list[list[Array]],
    key: Array,
    query: Array,
    *,
    order: Array | None,
    causal: bool,
) -> Array:
    """`join_blocks` where relations of these kinds hold, too."""
    out = np.zeros(len(key), np.int64)
    for low, high in pairwise(offsets.tolist()):
        related = [
            Related(each, [word[None, low:high] for word in one], [word[None, low:high] for word in other])
            for each, one, other in zip(kinds, theirs, mine, strict=True)
        ]
        out[low:high] = join_related(
            kind, key[None, low:high], query[None, low:high], np.array([high - low - 1]), related,
            order=None if order is None else order[None, low:high], causal=causal,
        )[0]  # fmt: skip
    return out


def _holder(spec: Spec, size: int, keys: list[Array]) -> Array:
    """The machine of each position; of one that is none any machine, where nothing will be found."""
    return block_owner(spec, np.clip(keys[0].astype(np.int64) - 1, 0, size - 1), size)


def _replied(column: Array, reply: Array, default: Array) -> Array:
    """What each row was answered; the default where it wasn't."""
    return np.where(reply >= 0, column[np.maximum(reply, 0)], default) if len(column) else default
