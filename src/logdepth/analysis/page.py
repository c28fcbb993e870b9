"""One self-contained page: text, tables, and pictures inside it."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-top: 1px solid #ddd; padding-top: 1rem; }
img { max-width: 100%; } table { border-collapse: collapse; font-size: 13px; margin: .8rem 0; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #e4e4e4; text-align: right; } th { color: #555; }
p.note { color: #555; font-size: 13px; } table.words td { text-align: left; vertical-align: top; }
"""


class Section(NamedTuple):
    """A heading, a sentence on what it shows, a picture (a PNG file) or none, a table (head and lines; of words, not of
    numbers, if `words`), a note."""

    title: str
    text: str
    picture: Path | None = None
    head: Sequence[str] = ()
    lines: Sequence[Sequence[str]] = ()
    note: str = ""
    words: bool = False


def page(title: str, sections: Sequence[Section]) -> str:
    """The page as HTML; nothing in it is fetched from elsewhere.

    >>> "<h2>Findings</h2>" in page("a model", [Section("Findings", "All is well.")])
    True
    """
    parts = [f"<h1>{html.escape(title)}</h1>"]
    for section in sections:
        parts.append(f"<h2>{html.escape(section.title)}</h2><p>{html.escape(section.text)}</p>")
        if section.picture is not None:
            data = base64.b64encode(section.picture.read_bytes()).decode()
            parts.append(f'<img alt="{html.escape(section.title)}" src="data:image/png;base64,{data}">')
        if section.head:
            parts.append(_table(section.head, section.lines, section.words))
        if section.note:
            parts.append(f'<p class="note">{html.escape(section.note)}</p>')
    body = "\n".join(parts)
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'


def write_page(path: Path, title: str, summary: Section, sections: Sequence[Section]) -> None:
    """Write the page, the summary first."""
    path.write_text(page(title, [summary, *sections]), encoding="utf-8")


def _table(head: Sequence[str], lines: Sequence[Sequence[str]], words: bool) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    begin = '<table class="words">' if words else "<table>"
    return begin + row(head, "th") + "".join(row(line, "td") for line in lines) + "</table>"
