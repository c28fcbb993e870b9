"""Operations on sets as threshold gates, one hidden layer each (see `circuits.py`; what they mean: `lang/bit_words.py`).

- {w} and {.., w - 1}: member j is [w >= j] - [w >= j + 1], and [w >= j + 1];
- whether w is a member: the sum of [w >= j and j is one] - [w >= j + 1 and j is one] over all j;
- the least member is j: b_j - (b_0 + .. + b_j-1) >= 1, one gate; the greatest alike;
- how many there are: the bits of a sum of bits.
"""

from __future__ import annotations

from logdepth.compiler.circuits import Argument, CircuitBuilder, Form, Gates
from logdepth.compiler.schedule import Bit, Schedule
from logdepth.lang.bit_words import LIMB
from logdepth.lang.graph import Node


def compute_set(builder: CircuitBuilder, schedule: Schedule, index: int, layer: int) -> None:
    """Write the bits of an operation on sets into its home."""
    node, home = schedule.nodes[index], schedule.homes.get(index)
    if home is None:
        return  # a word of one value
    args = [Argument(schedule, arg, layer) for arg in node.args]
    for place, target in enumerate(home.coordinates):
        gates, constant = _bit_gates(builder, node, args, place)
        builder.write_bit(target, gates, constant, ("compute", index, place))


def _bit_gates(builder: CircuitBuilder, node: Node, args: list[Argument], place: int) -> tuple[Gates, int]:
    """Bit `place` of the result's code as gates plus a constant."""
    match node.op:
        case "hot" | "below":
            flag = args[1].value if len(args) == 2 else None
            above, certain = _at_least(builder, args[0], node.info[0] + place + 1, flag)
            if node.op == "below":
                return above, certain
            gates, constant = _at_least(builder, args[0], node.info[0] + place, flag)
            return [*gates, *_minus(above)], constant - certain
        case "holds":
            gates: Gates = []
            word, members = args[0], _members(args[1:])
            for j in range(max(word.lo, 0), min(word.hi + 1, len(members))):
                if members[j] != Form():
                    gates += _at_least(builder, word, j, members[j])[0]
                    gates += _minus(_at_least(builder, word, j + 1, members[j])[0])
            return gates, 0
        case "lowest" | "highest":
            members = _members(args)
            order = range(len(members)) if node.op == "lowest" else range(len(members) - 1, -1, -1)
            other, before, gates = (node.info - node.lo) >> place & 1, Form(), []
            for j in order:
                change = ((j - node.lo) >> place & 1) - other
                if change and members[j] != Form():
                    gates.append((builder.gate(members[j].plus(before, -1), 1), change))
                before = before.plus(members[j])
            return gates, other
        case "bit_count":
            members = _members(args)
            total = Form()
            for member in members:
                total = total.plus(member)
            most = sum(total.terms.values()) + total.constant
            steps = range(1, (most >> place) + 1)
            return [(builder.gate(total, step << place), 1 if step & 1 else -1) for step in steps], 0
    both = _member(args[0], place).plus(_member(args[1], place))
    match node.op:
        case "bit_and":
            return [(builder.gate(both, 2), 1)], 0
        case "bit_or":
            return [(builder.gate(both, 1), 1)], 0
        case "bit_xor":
            return [(builder.gate(both, 1), 1), (builder.gate(both, 2), -1)], 0
    raise AssertionError(node.op)


def _at_least(builder: CircuitBuilder, word: Argument, t: int, flag: Form | None) -> tuple[Gates, int]:
    """[w >= t], or [w >= t and flag] as w + M (flag - 1) >= t, M so large that w - M < t; a constant where it is one."""
    if t > word.hi:
        return [], 0
    if flag is None:
        return ([], 1) if t <= word.lo else ([(builder.gate(word.value, t), 1)], 0)
    if t <= word.lo:
        return [(builder.gate(flag, 1), 1)], 0
    reach = word.hi - t + 1
    return [(builder.gate(word.value.plus(flag, reach).shifted(-reach), t), 1)], 0


def _minus(gates: Gates) -> Gates:
    return [(gate, -coefficient) for gate, coefficient in gates]


def _members(limbs: list[Argument]) -> list[Form]:
    """A set's bits as forms, the lowest member first; 0 where there is none."""
    return [_member(limb, place) for limb in limbs for place in range(LIMB)]


def _member(limb: Argument, place: int) -> Form:
    if limb.lo == limb.hi:
        return Form({}, limb.lo >> place & 1)
    assert limb.lo == 0, "normalize() gives sets the base 0"
    bit: list[Bit] = limb.bits[place : place + 1]
    return Form({bit[0]: 1}) if bit else Form()
