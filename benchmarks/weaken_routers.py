"""How well the routers' proofs are guarded: weaken one place at a time and see whether a test fails.

A check switched off, a bound one too small, a code or a field one too short, a rounding left out. The tests of the
routers (`tests/simulation/routers`, `test_mail.py`) run against the copy. Rows: `rows/router_weakenings.jsonl`.
"""

from __future__ import annotations

from weaken import Weakening, try_all

TESTS = ["tests/simulation/routers", "tests/simulation/test_mail.py"]

KEYS = [
    ("one point fewer", "return self.out_degree * (self.degree - 1) + 1", "return self.out_degree * (self.degree - 1)"),
    ("fewer polynomials than machines", "ceil_root(self.num_machines, self.degree)))", "2))"),
    ("a height that is no prime", "return prime_from(max(self.points", "return max(max(self.points"),
    ("the start token scores one more", "key[-1] = self.points", "key[-1] = self.points + 1"),
    ("the start token scores one less", "key[-1] = self.points", "key[-1] = self.points - 1"),
    ("senders' keys added, not united", "np.maximum.at(keys,", "np.add.at(keys,"),
    ("senders tie with the start token", "keys[:, -1] = 0.0", "keys[:, -1] = 1.0"),
    ("addresses without their squares", "addresses * 1.0 * addresses]", "addresses * 1.0]"),
]
PRECISION = [
    ("scores a quarter as sharp", "SHARPNESS = 64.0", "SHARPNESS = 16.0"),
    ("four times the tokens", "MOST_TOKENS = 2**20", "MOST_TOKENS = 2**22"),
    ("four times the terms", "MOST_TERMS = 2**20", "MOST_TERMS = 2**22"),
    ("the start token not counted", "terms = (senders + 1.0)", "terms = (senders + 0.0)"),
    ("sums rounded down", "return np.rint(averages * terms)", "return np.floor(averages * terms)"),
    ("senders rounded down", "return np.rint(1 / averages[:, 0])", "return np.floor(1 / averages[:, 0])"),
]
FIELD = [
    ("no prime", "P = 2**31 - 1", "P = 2**31 - 3"),
    ("slopes left out", "return (total * inverse(slope) % P).T", "return (total % P).T"),
    ("roots not reduced", "return values % np.uint64(P) == 0", "return values == 0"),
]
KERNELS = [
    ("one fold in place of two", "    v = (v & _P) + (v >> _BITS)\n    return (v", "    return (v"),
    ("identities without their signs", "(_P - total % _P) * inverses[j]", "(total % _P) * inverses[j]"),
    ("zeros at the end kept", "    while c[degree] == 0:\n", "    while False:\n"),
]
SUMS = [
    (
        "one unit fewer",
        "traffic.most_words if located else traffic.most_messages",
        "(traffic.most_words if located else traffic.most_messages) - 1 or 1",
    ),
    ("terms never counted", "self.counted = self.num_units < traffic.in_degree * most_sent", "self.counted = False"),
    ("too many terms let through", "refuse_above(machines, sums[:, -1], self.num_units, what, name)", "pass"),
    (
        "too many senders let through",
        'refuse_above(machines, senders, traffic.in_degree, "hears',
        '(machines, senders, traffic.in_degree, "hears',
    ),
    ("locators that collide", "1 + (source * self.traffic.num_machines + destination)", "1 + (source + destination)"),
    ("a locator that is 0", "return 1 + (source", "return 0 + (source"),
    ("a word of 0 lost", "words[of, slot] = held.word + 1", "words[of, slot] = held.word"),
    ("a field too small taken", "if locators >= P - 1:", "if False:"),
]
FAMILY = [
    ("one block fewer", "self.neither * neither + 1", "self.neither * neither"),
    (
        "neighbours of one side alone",
        "(self.same_sender + self.same_receiver) * same_pair",
        "self.same_sender * same_pair",
    ),
    ("structured: x = 0 used", "values(coefficients, blocks + 1)", "values(coefficients, blocks)"),
    (
        "structured: others agree as seldom as own",
        "interference.points(degree - 1, 2 * degree - 1)",
        "interference.points(degree - 1, degree - 1)",
    ),
    (
        "structured: no shift",
        "*self._digits(source), *self._digits(destination)",
        "*self._digits(source + destination)",
    ),
    (
        "structured: fewer polynomials",
        "field_from(max(points + 1, ceil_root(num_machines, degree)))",
        "field_from(points + 1)",
    ),
    ("polynomials: fewer than pairs", "ceil_root(num_machines**2, degree)", "ceil_root(num_machines, degree)"),
    (
        "identity: fewer slots than pairs",
        '"identity", num_machines, 1, num_machines**2',
        '"identity", num_machines, 1, num_machines**2 // 2',
    ),
    ("one slot for all", "if interference == Interference(0, 0, 0):", "if interference.neither == 0:"),
]
SMALL_FIELD = [
    ("a polynomial that isn't primitive", "element == 1 and len(power) == order - 1", "element == 1"),
    ("sums without digits", "(a // digit + b // digit) % self.p * digit", "(a + b) % self.p**self.e // self.e"),
    ("products with 0", "np.where((a == 0) | (b == 0), 0, self.power[exponent])", "self.power[exponent]"),
    ("any number a field", "if prime_power(order))", "if order)"),
]
HASHING = [
    (
        "packets over packets",
        "minlength=len(machines) * each.family.columns)[place] == 1",
        "minlength=len(machines) * each.family.columns)[place] >= 1",
    ),
    ("mixed slots read", "sums_over(senders, slots[:, :, 0]) == 1", "sums_over(senders, slots[:, :, 0]) >= 1"),
    ("others' messages kept", "mine = packets[:, 2] == machines[row]", "mine = packets[:, 2] >= 0"),
    ("a missing message let through", "< senders)\n        if missing.size:", "< senders)\n        if False:"),
    ("copies kept", "row, packets = row[first], packets[first]", "first"),
    (
        "too many senders let through",
        "refuse_above(machines, senders, each.in_degree, what",
        "(machines, senders, each.in_degree, what",
    ),
    (
        "classes for fewer messages",
        "traffic.most_received // shortest), 1)",
        "traffic.most_received // (2 * shortest)), 1)",
    ),
]
DEALING = [
    (
        "a bucket too full let through",
        "refuse_above(\n            held.holder, place + 1, move.bucket",
        "(\n            held.holder, place + 1, move.bucket",
    ),
    ("a load too large let through", "refuse_above(machines, load, move.load", "(machines, load, move.load"),
    ("dealt without the target", "return (rank_within(pile) + target)", "return rank_within(pile)"),
    (
        "packets that stay are lost",
        "stay = held.where(self.shifts(move, held) == 0)",
        "stay = held.where(self.shifts(move, held) < 0)",
    ),
]
TRAFFIC = [
    ("strange destinations let through", "if outside.any():", "if False:"),
    ("unknown pairs let through", "if unknown.size:", "if False:"),
    ("nothing ever refused", "if above.size:", "if False:"),
    ("long messages let through", "if longest.any():", "if False:"),
    (
        "interference measured by destination alone",
        "messages_of[source], words_of[source]",
        "messages_of[source] * 0 + 1, lengths",
    ),
    (
        "the greater of two not taken",
        "max(self.out_degree, other.out_degree)",
        "min(self.out_degree, other.out_degree)",
    ),
]
PORTS = [
    (
        "a wrong port",
        "np.argmax(self.to[held.source] == held.destination[:, None], 1)",
        "np.argmax(self.to[held.source] >= held.destination[:, None], 1)",
    ),
    (
        "nobody is somebody",
        "np.where(wanted < 0, self.traffic.num_machines, wanted)",
        "np.where(wanted < 0, 0, wanted)",
    ),
]
LIMBS = [
    (
        "limbs of 21 bits read",
        "_MASK = np.uint64((1 << LIMB_BITS) - 1)",
        "_MASK = np.uint64((1 << (LIMB_BITS - 1)) - 1)",
    ),
    ("a limb too few", "return -(-8 * dtype.itemsize // LIMB_BITS)", "return 8 * dtype.itemsize // LIMB_BITS or 1"),
]
FILES = {
    "routers/keys.py": KEYS,
    "routers/precision.py": PRECISION,
    "routers/finite_field.py": FIELD,
    "routers/numba_kernels.py": KERNELS,
    "routers/sums.py": SUMS,
    "routers/cover_free.py": FAMILY,
    "routers/small_field.py": SMALL_FIELD,
    "routers/hashing.py": HASHING,
    "routers/dealing.py": DEALING,
    "routers/traffic.py": TRAFFIC,
    "routers/ports.py": PORTS,
    "limbs.py": LIMBS,
}


def main() -> None:
    weakenings: list[Weakening] = [
        (f"simulation/{file}", f"{file.rsplit('/')[-1]}: {what}", old, new)
        for file, found in FILES.items()
        for what, old, new in found
    ]
    try_all("router_weakenings", weakenings, TESTS)


if __name__ == "__main__":
    main()
