"""Word arithmetic as one hidden layer of threshold gates.

Everything is a sum of gates `[L >= t]`, L an integer linear form of bits: a threshold circuit of depth two.
A gate's pre-activation is `2 (L - t) + 3/2`: at least 3/2 where it holds, at most -1/2 where it does not, so
the ramp is exactly 1 or 0 with half a unit to spare on either side.

- a bit of a sum of words: bit b depends on the words modulo 2^(b+1) only; their sum s has few multiples of 2^b
  below it, and bit b is the alternating sum of [s >= m 2^b];
- a comparison: one gate on a difference; equality: two;
- a choice: the gates of each side, pushed out of reach where the other side is chosen;
- a choice by a small word: the same, with the index's bits as conditions, all of which must hold;
- minimum, maximum: [a <= b and bit of a] is one gate, b - a + V bit >= V, since |b - a| < V;
- a table: a gate wherever its values change along forms that `tables.py` finds;
- a sum of words times integers: as a sum, each bit's share modulo 2^(b+1);
- a quotient: one gate for every value m that it may reach, on a - m b;
- masked: any of these with every gate out of reach at the start token.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from logdepth.compiler.schedule import Bit, Schedule
from logdepth.compiler.tables import TablePlan, TableWord, plan_table
from logdepth.lang.graph import Node
from logdepth.transformer import Circuit, Purpose

COUNT_SCALE = 2.0**-6  # a count's average enters the residual this small, so that norms hardly see it
UNION_SCALE = 2.0**-10  # and a union's, of which there are as many as bits


@dataclass
class Form:
    """`constant + sum coefficient * bit`, integers; a coordinate x in {-1, +1} is the bit (1 + x)/2."""

    terms: dict[Bit, int] = field(default_factory=dict)
    constant: int = 0

    def plus(self, other: Form, factor: int = 1) -> Form:
        terms = dict(self.terms)
        for bit, coefficient in other.terms.items():
            terms[bit] = terms.get(bit, 0) + factor * coefficient
        return Form({bit: c for bit, c in terms.items() if c}, self.constant + factor * other.constant)

    def shifted(self, by: int) -> Form:
        return Form(self.terms, self.constant + by)

    @property
    def key(self) -> tuple[tuple[tuple[Bit, int], ...], int]:
        return tuple(sorted(self.terms.items())), self.constant


Gates = list[tuple[int, int]]  # (gate, coefficient)


class CircuitBuilder:
    """Collects gates (equal ones once), what they write and what for, for the arithmetic of one layer."""

    def __init__(self, num_coordinates: int, *, plain_tables: bool = False) -> None:
        self.num_coordinates = num_coordinates
        self.plain_tables = plain_tables  # by their index alone
        self.rows: list[tuple[dict[int, float], float]] = []
        self.thresholds: list[int] = []
        self.known: dict[object, int] = {}
        self.tables: dict[object, list[tuple[Gates, int]]] = {}
        self.writes: list[tuple[int, int, float]] = []
        self.constant = np.zeros(num_coordinates)
        self.purposes: list[Purpose] = []

    def gate(self, form: Form, threshold: int) -> int:
        """The hidden unit [form >= threshold]."""
        terms, constant = form.key
        key = (terms, threshold - constant)
        if key not in self.known:
            row: dict[int, float] = {}
            bias = 2.0 * (constant - threshold) + 1.5
            for (coordinate, sign), coefficient in terms:  # bit = (1 + sign x) / 2
                row[coordinate] = row.get(coordinate, 0.0) + coefficient * sign
                bias += coefficient
            self.known[key] = len(self.rows)
            self.thresholds.append(threshold - constant - sum(c for (_, sign), c in terms if sign < 0))
            self.rows.append((row, bias))
        return self.known[key]

    def count_gate(self, coordinate: int, threshold: int) -> int:
        """The hidden unit [count >= threshold] of a head whose average is 1/(1 + count), scaled.

        Halfway between 1/threshold and 1/(1 + threshold); the slope makes the pre-activation 4.5 at
        the one and -3.5 at the other, so that the ramp takes an eighth of the gap between them.
        """
        key = ("count", coordinate, threshold)
        if key not in self.known:
            high, low = 1.0 / threshold, 1.0 / (1 + threshold)
            slope = 8.0 / (high - low)
            self.known[key] = len(self.rows)
            self.thresholds.append(threshold)
            self.rows.append(({coordinate: -slope / COUNT_SCALE}, slope * (high + low) / 2 + 0.5))
        return self.known[key]

    def union_gate(self, coordinate: int, start: int, length: int) -> int:
        """The hidden unit [some match has the bit], of a head whose average is 1/(1 + length) or more then, else 0.

        As a count's, the pre-activation is 4.5 at the one and -3.5 at the other. At the start token, whose average may
        be anything up to 1, twice the slope is taken away.
        """
        key = ("union", coordinate)
        if key not in self.known:
            slope = 8.0 * (1 + length)
            self.known[key] = len(self.rows)
            self.thresholds.append(1)
            self.rows.append(({coordinate: slope / UNION_SCALE, start: -2 * slope}, -3.5))
        return self.known[key]

    def write_bit(self, coordinate: int, gates: Gates, constant: int, purpose: tuple[str, int, int]) -> None:
        """Add to a coordinate the bit `constant + sum of gates` as -1 or +1. purpose: its kind, node and bit."""
        for gate, coefficient in gates:
            self.writes.append((coordinate, gate, 2.0 * coefficient))
        self.constant[coordinate] += 2.0 * constant - 1.0
        units = tuple(gate for gate, _ in gates)
        self.purposes.append(Purpose(*purpose, units, tuple(self.thresholds[unit] for unit in units)))

    def clear(self, coordinate: int, node: int, bit: int) -> None:
        """Take a home's own -1 or +1 away from it: exactly 0 is left."""
        gate = self.gate(Form({(coordinate, 1): 1}), 1)
        self.writes.append((coordinate, gate, -2.0))
        self.constant[coordinate] += 1.0
        self.purposes.append(Purpose("clear", node, bit, (gate,), (1,)))

    def drain(self, coordinate: int, node: int, bit: int) -> None:
        """Take away from scratch what it holds, rounding errors included: twice a ramp of x/2, and of -x/2.

        A gate would take away the bit and leave the error, so that errors would add up from layer to layer. This
        leaves only the share of x by which LayerNorm's factor is off, whatever x was.
        """
        first = len(self.rows)
        for unit, sign in enumerate((1.0, -1.0), first):
            self.writes.append((coordinate, unit, -2.0 * sign))
            self.thresholds.append(0)
            self.rows.append(({coordinate: sign / 2}, 0.0))
        self.purposes.append(Purpose("drain", node, bit, (first, first + 1)))

    def build(self) -> Circuit:
        read = np.zeros((len(self.rows), self.num_coordinates))
        bias = np.zeros(len(self.rows))
        write = np.zeros((self.num_coordinates, len(self.rows)))
        for unit, (row, unit_bias) in enumerate(self.rows):
            for coordinate, weight in row.items():
                read[unit, coordinate] = weight
            bias[unit] = unit_bias
        for coordinate, unit, weight in self.writes:
            write[coordinate, unit] += weight
        return Circuit(read, bias, write, self.constant, tuple(self.purposes))


def code(bits: list[Bit], upto: int | None = None) -> Form:
    """The integer that bits stand for (least significant first), or its lowest `upto` bits."""
    return Form({bit: 1 << place for place, bit in enumerate(bits[:upto])})


def compute(builder: CircuitBuilder, schedule: Schedule, index: int, layer: int) -> None:
    """Write a node's bits into its home from its arguments' bits."""
    node = schedule.nodes[index]
    home = schedule.homes.get(index)
    if home is None:
        return  # a word of one value
    if node.op == "decode":
        assert node.match is not None
        coordinate = schedule.counts[node.match].coordinates[0]
        values = np.asarray(node.info) - node.lo
        for place, target in enumerate(home.coordinates):
            bits = values >> place & 1
            gates = [
                (builder.count_gate(coordinate, int(t)), int(bits[t] - bits[t - 1]))
                for t in np.flatnonzero(np.diff(bits)) + 1
            ]
            builder.write_bit(target, gates, int(bits[0]), ("compute", index, place))
        return
    if node.op == "union":
        length = schedule.normal.graph.setting.length
        for place, (source, target) in enumerate(
            zip(schedule.unions[index].coordinates, home.coordinates, strict=True)
        ):
            gate = builder.union_gate(source, schedule.START, length)
            builder.write_bit(target, [(gate, 1)], 0, ("compute", index, place))
        return
    args = [Argument(schedule, arg, layer) for arg in node.args]
    for place, target in enumerate(home.coordinates):
        gates, constant = _bit_gates(builder, node, args, place)
        builder.write_bit(target, gates, constant, ("compute", index, place))


class Argument:
    """A word as an operation sees it: its bits, its code value - lo, and its exact value."""

    def __init__(self, schedule: Schedule, index: int, layer: int) -> None:
        node = schedule.nodes[index]
        self.lo, self.hi = node.lo, node.hi
        self.bits = schedule.bits(index, layer)
        self.value = code(self.bits).shifted(node.lo)

    @property
    def flipped(self) -> list[Bit]:
        return [(coordinate, -sign) for coordinate, sign in self.bits]


def _bit_gates(builder: CircuitBuilder | _Shut, node: Node, args: list[Argument], place: int) -> tuple[Gates, int]:
    """Bit `place` of the result's code as gates plus a constant."""
    match node.op:
        case "recode":
            return _sum_bit(builder, [args[0].bits], args[0].lo - node.lo, place)
        case "add":
            constant = args[0].lo + args[1].lo - node.lo
            return _sum_bit(builder, [args[0].bits, args[1].bits], constant, place)
        case "subtract":  # a - b = a + (2^p - 1 - b) - (2^p - 1), where flipping b's bits gives 2^p - 1 - b
            flipped = args[1].flipped
            constant = args[0].lo - args[1].lo - node.lo - ((1 << len(flipped)) - 1)
            return _sum_bit(builder, [args[0].bits, flipped], constant, place)
        case "less":
            return [(builder.gate(args[1].value.plus(args[0].value, -1), 1), 1)], 0
        case "equal":
            difference = args[0].value.plus(args[1].value, -1)
            return [(builder.gate(difference, 0), 1), (builder.gate(difference, 1), -1)], 0
        case "select":
            return _chosen_bit(builder, node, args, place)
        case "choose":
            return _counted_out_bit(builder, node, args, place)
        case "total":
            return _total_bit(builder, node, args, place)
        case "quotient":
            return _quotient_bit(builder, node, args, place)
        case "masked":
            op, info = node.info
            assert isinstance(builder, CircuitBuilder)
            inner = replace(node, op=op, info=info)
            return _bit_gates(_Shut(builder, args[0].value), inner, args[1:], place)
        case "minimum" | "maximum":
            return _extreme_bit(builder, node, args, place)
        case "table":
            return _table_bit(builder, node, args, place)
    raise AssertionError(node.op)


@dataclass
class _Shut:
    """Gates that hold only where a Boolean, too, is 1: `[s >= t and on]` is `s + M (on - 1) >= t`, M the largest s."""

    builder: CircuitBuilder | _Shut
    on: Form

    @property
    def plain_tables(self) -> bool:
        return self.builder.plain_tables

    @property
    def tables(self) -> dict[object, list[tuple[Gates, int]]]:
        return self.builder.tables

    def gate(self, form: Form, threshold: int) -> int:
        most = form.constant + sum(max(0, coefficient) for coefficient in form.terms.values())
        reach = max(0, most - threshold + 1)
        return self.builder.gate(form.plus(self.on, reach).shifted(-reach), threshold)


def _table_bit(builder: CircuitBuilder | _Shut, node: Node, args: list[Argument], place: int) -> tuple[Gates, int]:
    """The gates that `plan_table` finds; where they may be shut, they leave the table's first value."""
    key = ("table", node.key, builder.on.key if isinstance(builder, _Shut) else None, *(tuple(a.bits) for a in args))
    if key not in builder.tables:
        plan, columns = _table_plan(builder, node, args)
        forms = (Form({(c, 1): w for c, w in zip(columns, gate.weights, strict=True) if w}) for gate in plan.gates)
        gates = [builder.gate(form, gate.threshold) for form, gate in zip(forms, plan.gates, strict=True)]
        builder.tables[key] = [([(gates[number], sign) for number, sign in parts], c) for c, parts in plan.bits]
    return builder.tables[key][place]


def _table_plan(builder: CircuitBuilder | _Shut, node: Node, args: list[Argument]) -> tuple[TablePlan, list[int]]:
    """A table's gates over columns, and the coordinates that these are."""
    axes, values = node.info
    columns: dict[int, int] = {}
    words, within = [], []
    for arg, (low, size) in zip(args, axes, strict=True):
        least, most = max(arg.lo, low), min(arg.hi, low + size - 1)
        bits = tuple((columns.setdefault(coordinate, len(columns)), sign) for coordinate, sign in arg.bits)
        words.append(TableWord(least - arg.lo, most - least + 1, bits))
        within.append(slice(least - low, most - low + 1))
    codes = (np.array(values, np.int64).reshape([size for _, size in axes]) - node.lo)[tuple(within)]
    base = None if isinstance(builder, CircuitBuilder) else int(values[0]) - node.lo
    plan = plan_table(tuple(words), tuple(codes.ravel().tolist()), node.num_bits, base, plain=builder.plain_tables)
    return plan, list(columns)


def _sum_form(words: list[list[Bit]], constant: int, place: int) -> tuple[Form, int]:
    """The sum of words and a constant with everything above bit `place` dropped, and its largest value."""
    low = constant & ((2 << place) - 1)
    total, most = Form({}, low), low
    for bits in words:
        total = total.plus(code(bits, place + 1))
        most += (1 << min(len(bits), place + 1)) - 1
    return total, most


def _sum_bit(builder: CircuitBuilder | _Shut, words: list[list[Bit]], constant: int, place: int) -> tuple[Gates, int]:
    total, most = _sum_form(words, constant, place)
    steps = range(1, (most >> place) + 1)
    return [(builder.gate(total, step << place), 1 if step & 1 else -1) for step in steps], 0


def _chosen_bit(builder: CircuitBuilder | _Shut, node: Node, args: list[Argument], place: int) -> tuple[Gates, int]:
    """`[condition and s >= t]` is `s + M (condition - 1) >= t` with M the largest s."""
    condition = args[0].value  # a Boolean: 0 or 1
    gates: Gates = []
    for arg, sign in ((args[1], 1), (args[2], -1)):
        total, most = _sum_form([arg.bits], arg.lo - node.lo, place)
        gated = total.plus(condition, sign * most).shifted(-most if sign > 0 else 0)
        gates += [(builder.gate(gated, step << place), 1 if step & 1 else -1) for step in range(1, (most >> place) + 1)]
    return gates, 0


def _counted_out_bit(
    builder: CircuitBuilder | _Shut, node: Node, args: list[Argument], place: int
) -> tuple[Gates, int]:
    """`[index = a and s >= t]` is `s - M (bits of the index that differ from a's) >= t` with M the largest s."""
    index, *words = args
    gates: Gates = []
    for a, arg in enumerate(words, node.info - index.lo):
        if not 0 <= a <= index.hi - index.lo:
            continue  # the index is never that
        total, most = _sum_form([arg.bits], arg.lo - node.lo, place)
        for bit, (coordinate, sign) in enumerate(index.bits):
            wanted = a >> bit & 1
            total = total.plus(
                Form({(coordinate, sign): 1}, -1) if wanted else Form({(coordinate, -sign): 1}, -1), most
            )
        gates += [(builder.gate(total, step << place), 1 if step & 1 else -1) for step in range(1, (most >> place) + 1)]
    return gates, 0


def _total_bit(builder: CircuitBuilder | _Shut, node: Node, args: list[Argument], place: int) -> tuple[Gates, int]:
    """As a sum's: of every word's bit, times its factor, only what is left modulo 2^(place + 1)."""
    modulus = 2 << place
    most = (sum(factor * arg.lo for factor, arg in zip(node.info, args, strict=True)) - node.lo) % modulus
    terms: dict[Bit, int] = {}
    for factor, arg in zip(node.info, args, strict=True):
        for at, bit in enumerate(arg.bits):
            terms[bit] = (terms.get(bit, 0) + (factor << at)) % modulus
    total = Form({bit: c for bit, c in terms.items() if c}, most)
    most += sum(total.terms.values())
    return [(builder.gate(total, step << place), 1 if step & 1 else -1) for step in range(1, (most >> place) + 1)], 0


def _quotient_bit(builder: CircuitBuilder | _Shut, node: Node, args: list[Argument], place: int) -> tuple[Gates, int]:
    """Of a / b rounded down: [a / b >= m] is a - m b >= 0; for m >= 1 where b may be 0, [a - m b + [b > 0] >= 1]."""
    factors, parts = node.info
    total = Form()
    for factor, arg in zip(factors, args, strict=False):
        total = total.plus(arg.value, factor)
    divisor = args[len(factors)].value
    gates: Gates = []
    for step in range(1, ((node.hi - node.lo) >> place) + 1):
        m = node.lo + (step << place)
        form, least = total.plus(divisor, -m * parts), 0
        if m >= 1 and len(args) > len(factors) + 1:
            form, least = form.plus(args[-1].value), 1
        gates.append((builder.gate(form, least), 1 if step & 1 else -1))
    return gates, 0


def _extreme_bit(builder: CircuitBuilder | _Shut, node: Node, args: list[Argument], place: int) -> tuple[Gates, int]:
    a, b = args
    reach = max(a.hi, b.hi) - min(a.lo, b.lo) + 1  # |a - b| < reach
    gates: Gates = []
    for mine, other, strict in ((a, b, 0), (b, a, 1)):  # a tie is a's
        surplus = other.value.plus(mine.value, -1) if node.op == "minimum" else mine.value.plus(other.value, -1)
        bit = _own_bit(mine, node.lo, place)
        gates.append((builder.gate(surplus.plus(bit, reach), reach + strict), 1))
    return gates, 0


def _own_bit(arg: Argument, base: int, place: int) -> Form:
    """Bit `place` of arg's code relative to `base`: its own bit, or a known one for a constant."""
    if arg.lo == arg.hi:
        return Form({}, (arg.lo - base) >> place & 1)
    assert arg.lo == base, (arg.lo, base)
    return Form({arg.bits[place]: 1}) if place < len(arg.bits) else Form()
