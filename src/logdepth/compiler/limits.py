"""What is too large to compile, refused before anything of that size is allocated: memory and depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logdepth.errors import InputError, ProgramError
from logdepth.lang.bit_words import BITWISE
from logdepth.lang.graph import Node, ProgramGraph
from logdepth.lang.lines import place
from logdepth.lang.words import Setting

if TYPE_CHECKING:
    from logdepth.compiler.schedule import Schedule, ScheduledHead

WORKING_MEMORY = 2 << 30  # bytes
EXACT_MEMORY = 8 << 30  # bytes, for an exact transformer and its run by hash attention
MAX_DEPTH = 1000
_NAME = 100  # bytes of a token's name and its place in a vocabulary
_TABLE = 16  # bytes of a tabulated word's value and of what tells equal tables
_RUNNING = 16  # numbers a slot that hash attention has in hand at once
_DECODED = 64  # bytes of a value that a count stands for, a Python integer


def check_sizes(setting: Setting) -> None:
    """Raises `InputError` where names for the tokens alone would not fit."""
    _refuse(setting, (setting.alphabet_size + setting.header_size) * _NAME, 0)


def check_tables(graph: ProgramGraph) -> None:
    """Raises `InputError` where the words known from token, position or a count would not fit as tables."""
    tokens = graph.setting.alphabet_size + graph.setting.header_size + 1
    positions = graph.setting.length + 1
    kinds: list[str | None] = []
    for node in graph.nodes:
        kinds.append(_kind(node, kinds))
    by_token = _NAME + _TABLE * kinds.count("token")
    by_position = _TABLE * kinds.count("position") + _DECODED * kinds.count("count")
    _refuse(graph.setting, tokens * by_token, positions * by_position)


def _kind(node: Node, kinds: list[str | None]) -> str | None:
    """What a word is known from: "token", "position", "count", "constant"; None for all of a sequence."""
    match node.op:
        case "symbol" | "header":
            return "token"
        case "position" | "real":
            return "position"
        case "constant" | "count":
            return node.op
        case "read" | "union":
            return None
    found = {kinds[arg] for arg in node.args} - {"constant"}
    return found.pop() if len(found) == 1 else None if found else "constant"


def check_weights(schedule: Schedule) -> None:
    """Raises `InputError` where the transformer and its GPT-2 weights would not fit."""
    setting, m = schedule.normal.graph.setting, schedule.embed_dim
    hidden = _hidden(schedule)
    exact = 8 * m * (4 * sum(hidden) + 3 * m * len(_heads(schedule)))
    weights = 4 * 2 * m * len(schedule.layers) * (8 * m + 2 * max(hidden, default=0))
    row = (8 + 2 * 4) * m  # a token's or a position's embedding, exact and in float32, mirrored
    counted = _counted(schedule)
    tokens = (setting.alphabet_size + setting.header_size) * 2 * row
    layers = exact + weights
    _refuse(setting, tokens + (0 if counted else layers), setting.length * row + (layers if counted else 0))


def _counted(schedule: Schedule) -> bool:
    """Whether hidden units are as many as positions."""
    return any(node.op == "decode" for node in schedule.nodes)


def _heads(schedule: Schedule) -> list[ScheduledHead]:
    return [head for layer in schedule.layers for head in layer.heads]


def _hidden(schedule: Schedule) -> list[int]:
    """Hidden units of each layer, a bound."""
    nodes, hidden = schedule.nodes, [1] * len(schedule.layers)
    for number, layer in enumerate(schedule.layers):
        for index in layer.computes:
            node = nodes[index]
            values = node.info[1] if node.op == "table" else node.info if node.op == "decode" else ()
            sides = len(node.args) if node.op in ("choose", "masked") else 1
            hidden[number] += len(values) + 4 * sides * node.num_bits
            inner = node.info[0] if node.op == "masked" else node.op
            hidden[number] += node.size if inner == "quotient" else 0
            if node.op in BITWISE or inner == "total":
                hidden[number] += sum(nodes[arg].num_bits for arg in node.args)
    return hidden


def check_answers(graph: ProgramGraph, schedule: Schedule) -> None:
    """Raises `ProgramError` where a logit for each number that may be answered would not fit."""
    output, number = graph.nodes[graph.output], graph.vocabulary.num_answers
    needed = 2 * number * (8 + 2 * 4) * schedule.embed_dim
    if needed > WORKING_MEMORY:
        raise ProgramError(
            f"{place(output.origin)}: the answer is a word in {output.lo}..{output.hi}, and a logit for each of "
            f"{number:,} needs about {needed / (1 << 30):,.1f} GiB of working memory; the limit is "
            f"{WORKING_MEMORY >> 30} GiB: answer with a narrower word"
        )


def check_exact(schedule: Schedule) -> None:
    """Raises `InputError` where the exact transformer, its tables in int8, would not fit beside a run by hash
    attention: the residual in int8, averages in float64, and for a slot some numbers of 8 bytes (codes, priorities,
    what was found)."""
    setting, m, nodes = schedule.normal.graph.setting, schedule.embed_dim, schedule.nodes
    tables = [(kind, nodes[index].num_bits) for index, (kind, _) in schedule.normal.tables.items()]
    by_token = sum(bits for kind, bits in tables if kind == "token") + nodes[schedule.normal.graph.output].num_bits
    copied = max((sum(head.value_dim for head in layer.heads) for layer in schedule.layers), default=0)
    averages = max((len(f.coordinates) for f in schedule.unions.values()), default=0) + len(schedule.counts)
    sets = max((each.size for head in _heads(schedule) for each in head.match.relations), default=0)
    by_position = sum(bits for kind, bits in tables if kind == "position") + m + copied + sets // 8
    by_position += 8 * (_RUNNING + 2 * averages)
    maps = 3 * 8 * m * (sum(_hidden(schedule)) + m * len(_heads(schedule)))
    counted = _counted(schedule)
    tokens = (setting.alphabet_size + setting.header_size) * (by_token + _NAME)
    positions = setting.length * by_position
    _refuse(setting, tokens + (0 if counted else maps), positions + (maps if counted else 0), EXACT_MEMORY)


def _refuse(setting: Setting, by_token: int, by_position: int, limit: int = WORKING_MEMORY) -> None:
    """Raises `InputError` if both together are over the limit, naming the size that most of it comes from."""
    total = by_token + by_position
    if total <= limit:
        return
    name, size = "length", setting.length
    if by_token > by_position:
        name, size = "alphabet", setting.alphabet_size
        if setting.header_size > size:
            name, size = "headers", setting.header_size
    least = max(1, size * limit // total)
    raise InputError(
        f"{name} {size:,} needs about {total / (1 << 30):,.1f} GiB of working memory to compile; the limit is "
        f"{limit >> 30} GiB: give --{name} {least} or so, or a program with fewer words"
    )


def check_depth(depth: int, output: Node, name: str) -> None:
    """Raises `ProgramError` for a chain of steps longer than any model here has layers."""
    if depth > MAX_DEPTH:
        raise ProgramError(
            f"{place(output.origin)}: program {name} needs {depth:,} layers, one for each step of its longest chain; "
            f"the limit is {MAX_DEPTH:,}. Make the chain shorter: steps that do not wait for each other share a layer, "
            "and a table does many at once"
        )
