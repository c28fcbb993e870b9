"""Draw docs/figures/to-protocol.png out of rows/to_protocol.jsonl: rounds and words against s, tile by tile."""

from __future__ import annotations

import json
from pathlib import Path

from logdepth.report.figures import new_figure, save_figure
from measure import ROWS

NAMES = {"compiled": "compiled k-hop", "trained": "trained run"}
COLOURS = {"compiled": "tab:blue", "trained": "tab:orange"}


def main() -> None:
    rows = [json.loads(line) for line in (ROWS / "to_protocol.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["experiment"] == "against memory"]
    figure, axes = new_figure(1, 2, (4.4, 3.2))
    for name in ("compiled", "trained"):
        mine = [row for row in rows if row["model"] == name]
        label = f"{NAMES[name]}: {mine[0]['layers']} layers, {mine[0]['tokens']} tokens"
        for axis, what in zip(axes[0], ("rounds", "words_mailed"), strict=True):
            memory = [row["memory"] for row in mine]
            values = [row[what] for row in mine]
            axis.plot(memory, values, "o-", label=label, color=COLOURS[name], ms=4, clip_on=False)
    for axis, what in zip(axes[0], ("communications", "words that travel between machines"), strict=True):
        axis.set_xscale("log")
        most = max(row["rounds" if what == "communications" else "words_mailed"] for row in rows)
        axis.set_yscale("symlog", linthresh=1 if what == "communications" else 1e4)
        axis.set_ylim(0, 2 * most)
        axis.set_xlabel("s, words a machine")
        axis.set_ylabel(what)
    axes[0][0].legend(fontsize=7, frameon=False)
    out = Path(__file__).parent.parent / "docs" / "figures" / "to-protocol.png"
    save_figure(figure, out, "Transformers as protocols, blocked form: more memory, fewer rounds and words")


if __name__ == "__main__":
    main()
