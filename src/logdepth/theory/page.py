"""The table of all statements in docs/bounds.md, generated: `python -m logdepth.theory.page docs/bounds.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from logdepth.theory import STATEMENTS

START, END = "<!-- the table is generated: make docs -->", "<!-- end of the table -->"


def table() -> str:
    """One line a statement, under its task.

    >>> table().splitlines()[2][:24]
    '| khop | transformer | T'
    """
    head = ("task", "of", "name", "says", "figure", "if", "rests on", "source")
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for made in sorted(STATEMENTS, key=lambda made: _tasks().index(made.task)):
        rests = made.conjecture or "nothing unproved"
        if made.open_constant:
            rests += "; constant open"
        cells = [made.task, ", ".join(made.archs), made.name, made.says, made.figure, made.condition]
        cells += [rests, made.source]
        escaped = [cell.replace("|", "\\|") for cell in cells]
        lines.append(f"| {' | '.join(escaped)} |")
    return "\n".join(lines)


def _tasks() -> list[str]:
    return list(dict.fromkeys(made.task for made in STATEMENTS))


def with_table(text: str) -> str:
    """A page with the table between its two marks brought up to date."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")
