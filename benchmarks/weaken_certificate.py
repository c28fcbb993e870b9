"""How well the certificate is guarded: weaken its proof in one place at a time and see whether a test fails.

Each weakening is a replacement in a copy of the sources: an error term of the norm, the entries, the scores, the copied
bit, the gates, the average set to 0, a limit loosened, a refusal switched off. The tests of the proof
(`tests/compiler`) run against the copy; one that fails has caught it. Rows: `rows/weakenings.jsonl`. Takes about a
quarter of an hour; `--missed` tries again only those that no test caught when the rows were made.
"""

from __future__ import annotations

import json
import sys

from measure import ROWS
from weaken import try_all

NAMES = ["worst_case", "observed", "second_proof", "refusals", "certificate", "bert_proof"]
TESTS = [f"tests/compiler/test_{name}.py" for name in NAMES]

PROOF = [
    ("norm: no error of the mean", "floats.gamma(d + 1, floats.norm) * size", "0.0 * size"),
    ("norm: errors of scratch not in the mean", "bits + stream.scratch * e + stream", "bits + stream"),
    ("norm: no drift from scratch", "2 * stream.scratch * (2 * e + e * e) + 2", "2"),
    ("norm: no second order of scratch", "(2 * e + e * e)", "(2 * e)"),
    ("norm: no drift from residues", "2 * stream.residues * stream.residue**2", "0.0"),
    ("norm: no drift from averages", "2 * sum(average**2 for average in stream.averages)", "0.0"),
    ("norm: no rounding of the variance", "floats.gamma(2 if exact else d + 5, floats.norm) * (1 + variance)", "0.0"),
    ("norm: variance as if exact", "floats.gamma(2 if exact else d + 5", "floats.gamma(2 if True else d + 5"),
    ("norm: root is free", "* (1 + floats.norm) ** 4 - 1  # 1", "* 1.0 - 1  # 1"),
    ("norm: half of the variance's error", "(1 + 0.5 * variance /", "(1 + 0.25 * variance /"),
    ("norm: gain stored exactly", "gain = abs(gain_off) + _MADE", "gain = 0.0"),
    ("norm: entries not rounded", "((1 + floats.norm) ** 3 - 1) * size", "0.0 * size"),
    ("norm: entries rounded twice, not thrice", "((1 + floats.norm) ** 3 - 1)", "((1 + floats.norm) ** 2 - 1)"),
    ("norm: entries not stored", "own = (1 + stream.home) * (1 + entry) * (1 + floats.store) - 1", "own = entry"),
    ("norm: always believed to snap", "floats.mixed and snaps_to_one(", "floats.mixed or snaps_to_one("),
    (
        "entries: own error of the norm left out",
        "((1 + norm.own) * (1 + gamma) * (1 + floats",
        "((1 + gamma) * (1 + floats",
    ),
    (
        "entries: sums are free",
        "* (1 + gamma) * (1 + floats.store) - 1) + np.abs",
        "* (1 + floats.store) - 1) + np.abs",
    ),
    (
        "entries: one product a pair",
        "floats.gamma(2 * int(n)) for n in (weight != 0)",
        "floats.gamma(int(n)) for n in (weight != 0)",
    ),
    ("entries: not stored", "(1 + gamma) * (1 + floats.store) - 1) + np", "(1 + gamma) - 1) + np"),
    ("entries: weights stored exactly", "+ np.abs(stored - weight).sum(1)", ""),
    ("entries: few bits taken for granted", "_few_bits(np.abs(row[row != 0] * scale))", "True"),
    ("scores: the key's error left out", "q_size * k_error + k_size * q_error", "k_size * q_error"),
    ("scores: the query's error left out", "q_size * k_error + k_size * q_error", "q_size * k_error"),
    ("scores: the sum is free", "error += floats.gamma(int(used.sum()) + 2)", "error += 0.0"),
    ("scores: the scaling is free", "floats.gamma(int(used.sum()) + 2)", "floats.gamma(int(used.sum()))"),
    ("match: rows have no factors", "norm.common + 2 * norm.common * reach + own", "own"),
    ("match: keys have no factors", "norm.common + 2 * norm.common * reach", "norm.common"),
    ("match: own rounding left out", "* reach + own + stored", "* reach + stored"),
    ("match: the start token scores exactly", "max(2 * score[0], score[0] + score[1])", "2 * score[0] * 0.5"),
    ("match: stored scores are exact", "stored = 4 * floats.store * (reach + sum(score))", "stored = 0.0"),
    ("match: never refused", "if gap_units <= 0:", "if gap_units <= -1e9:"),
    (
        "match: less silence than exp needs",
        "wanted = floats.silence / gap_units",
        "wanted = floats.silence / 2 / gap_units",
    ),
    (
        "match: the root is exact",
        "gap = sharpness * gap_units * (1 - 4 * floats.dot - floats.soft)",
        "gap = sharpness * gap_units",
    ),
    ("bit: the row's factor left out", "value = (1 + norm.common) *", "value ="),
    (
        "bit: the entry's own error left out",
        "* (1 + norm.own) * (1 + floats.gamma(2)) * (1 + floats.store)\n        # the",
        "* (1 + floats.gamma(2)) * (1 + floats.store)\n        # the",
    ),
    (
        "bit: reading a pair is free",
        "(1 + norm.own) * (1 + floats.gamma(2)) * (1 + floats.store)\n        # the",
        "(1 + norm.own) * (1 + floats.store)\n        # the",
    ),
    ("bit: the softmax is free", "(1 + floats.soft) ** 4", "1.0"),
    ("bit: projecting is free", "copied * (1 + floats.dot)", "copied"),
    ("bit: nothing was left in scratch", "2 * leak + stream.residue) *", "2 * leak) *"),
    ("bit: adding is free", "* (1 + floats.add) + floats.add", ""),
    ("bit: never refused", "if error >= 0.5:", "if error >= 5e9:"),
    ("gates: scratch is exact", "+= stream.error * (1 + norm.own)", "+= 0.0"),
    (
        "gates: homes are exact",
        "own = np.full(self.model.embed_dim, norm.own)",
        "own = np.full(self.model.embed_dim, 0.0)",
    ),
    ("gates: the constant is exact", "+ np.abs(bias) * norm.own\n        rounding", "\n        rounding"),
    ("gates: sums are free", "floats.gamma(2 * int(n) + 2) for n in (weight", "0.0 for n in (weight"),
    ("gates: the row's factor left out", "* (1 + norm.common) + 1.5 * norm.common", ""),
    ("gates: few bits taken for granted", "_few_bits(2 * self.block.gate * np.abs(row[row != 0]))", "True"),
    ("gates: few bits of the wrong numbers", "_few_bits(2 * self.block.gate * np.abs", "_few_bits(np.abs"),
    ("gates: never refused", "if worst >= 0.5:", "if worst >= 5e9:"),
    ("gates: refused too late", "if worst >= 0.5:", "if worst >= 1.0:"),
    ("gates: any number may write a word", ">= 1 / max(floats.dot, 2.0**-53)", ">= 1e30"),
    ("drains: the row's factor left out", "missed = (1 + norm.common) * (1 + norm.own)", "missed = (1 + norm.own)"),
    ("drains: own errors left out", "missed = (1 + norm.common) * (1 + norm.own)", "missed = (1 + norm.common)"),
    ("drains: nothing is left", "return (1 + error) * missed * (1 + floats.add + floats.store)", "return 0.0"),
    (
        "drains: exact where bits are",
        "if floats.mixed and norm.own == norm.common == 0:\n            return error",
        "if floats.mixed:\n            return 0.0",
    ),
    ("count: ties are exact", "apart = sharpness * sum(score)", "apart = 0.0 * sum(score)"),
    (
        "count: mismatches do not leak",
        "leak = length * math.exp(min(apart - gap, 0.0)) * (1 + 2 * floats.exp)",
        "leak = 0.0",
    ),
    ("count: the row's factor left out", "average = norm.common + norm.own + floats", "average = norm.own + floats"),
    ("count: exp is exact", "+ 2 * floats.exp / (1 - floats.exp)", ""),
    ("count: the softmax's sum is free", "average += floats.gamma(length + 4, floats.soft)", "average += 0.0"),
    ("count: projecting and adding are free", "average += floats.dot + floats.add + 5", "average += 5"),
    ("count: never refused", "if best.error >= 0.5:", "if best.error >= 5e9:"),
    ("thresholds: entries are exact", "read = norm.own * (v + norm.mean / COUNT_SCALE)", "read = 0.0 * v"),
    ("thresholds: the constant is exact", "found = slope * read + np.abs(bias) * norm.own", "found = slope * read"),
    ("thresholds: sums are free", "(floats.gamma(4) + floats.store) * (slope", "0.0 * (slope"),
    (
        "thresholds: averages are exact",
        "low, high = bound.averages(self.length)\n        slope",
        "low = high = 1 / (1.0 + np.arange(self.length + 1))\n        slope",
    ),
    ("thresholds: the row's factor left out", "(on * (1 - norm.common) - 1).min()", "(on - 1).min()"),
    ("thresholds: bits' errors for the average", "uneven = norm.analog if floats.mixed else 0.0", "uneven = 0.0"),
    ("thresholds: never refused", "if slack <= 0:", "if slack <= -1e9:"),
    (
        "margin: entries are exact",
        "error = size * ((1 + norm.own) * (1 + floats.gamma(2 * terms)) - 1)",
        "error = size * floats.gamma(2 * terms)",
    ),
    ("margin: sums are free", "(1 + norm.own) * (1 + floats.gamma(2 * terms)) - 1", "(1 + norm.own) - 1"),
    ("margin: the row's factor left out", "(2.0 - 2 * error) * (1 - norm.common)", "(2.0 - 2 * error)"),
]
GPT2 = [
    ("norm: averages no larger than exact", "COUNT_SCALE * (1 + bound.average)", "COUNT_SCALE"),
    ("margin: never refused", "if margin <= 0 and not failure:", "if margin <= -1e9 and not failure:"),
    (
        "run: failures of later layers only",
        'failure = failure or "; ".join(proof.failures)',
        'failure = "" if number == 1 else failure',
    ),
]
BERT = [
    ("copied bits beside an exact row", "error=(1 + copied) / (1 - factor) - 1,", "error=copied,"),
    ("averages beside an exact row", "average=(1 + b.average) / (1 - factor) - 1) for", "average=b.average) for"),
    ("homes as if exact", "home=before.own,", "home=0.0,"),
    (
        "the row's factor left out of what is missed",
        "missed = (1 + after.common) * (1 + after.own) - 1",
        "missed = after.own",
    ),
    (
        "own errors left out of what is missed",
        "missed = (1 + after.common) * (1 + after.own) - 1",
        "missed = after.common",
    ),
    ("nothing inherited", "home=missed / LOUD + rounded,", "home=rounded,"),
    ("an echo louder than it is", "home=missed / LOUD + rounded,", "home=missed / LOUD**2 + rounded,"),
    ("the sum not rounded", "home=missed / LOUD + rounded,", "home=missed / LOUD,"),
    ("ramps read exactly", "* proof.floats.gamma(2) + lean)", "* 0.0 + lean)"),
    ("pairs mirrored in scratch", "* proof.floats.gamma(2) + lean)", "* proof.floats.gamma(2))"),
    ("margin: never refused", "if margin <= 0 and not failure:", "if margin <= -1e9 and not failure:"),
]
OTHERS = [
    ("floats.py", "floats: one bit more than there is", "2.0**-24, 104.0)", "2.0**-25, 104.0)"),
    ("floats.py", "floats: exp as good as a product", "exp=64 * u", "exp=u"),
    ("floats.py", "floats: gamma forgets the number of terms", "product = n * (self.dot", "product = 1 * (self.dot"),
    (
        "floats.py",
        "floats: weights stored exactly",
        "return weights.astype(dtype).astype(np.float64)",
        "return weights + 0.0",
    ),
    ("certificate.py", "averages: leaks left out", "+ r * np.exp(self.apart) + leak", "+ r * np.exp(self.apart)"),
    ("certificate.py", "averages: ties left out", "r * np.exp(-self.apart)", "r"),
    (
        "mirrored.py",
        "gains: anything snaps to one",
        "return -store / 2 + slack < error < store - slack",
        "return True",
    ),
]


def main() -> None:
    weakenings = [("compiler/proof.py", *each) for each in PROOF]
    weakenings += [("compiler/targets/gpt2.py", *each) for each in GPT2]
    weakenings += [("compiler/targets/bert.py", f"bert: {what}", old, new) for what, old, new in BERT]
    weakenings += [(f"compiler/{file}", *rest) for file, *rest in OTHERS]
    known = []
    if "--missed" in sys.argv:
        rows = [json.loads(line) for line in (ROWS / "weakenings.jsonl").read_text().splitlines()]
        known = [row["what"] for row in rows if row["caught"]]
    try_all("weakenings", weakenings, TESTS, known)


if __name__ == "__main__":
    main()
