"""What a line of an edge list says: separators, headers, comments and quotes. The definition, one line at a time.

`rows.py` reads plain lines faster; `edge_list.py` reads files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from logdepth.errors import InputError
from logdepth.graphs.columns import choose_columns, find_pair
from logdepth.graphs.decimals import parse_float
from logdepth.graphs.text import TextFile

COMMENTS = (b"#", b"%", b"//")
_INTEGER = re.compile(rb"[+-]?[0-9]+")
_NUMBER = re.compile(rb"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|nan|inf|infinity)", re.IGNORECASE)

# One field of a line with quotes: what they enclose, or what stands without; then the separator or the end.
_FIELDS = {
    mark: re.compile(rb'[%b]*+(?:"((?:[^"]|"")*)"|(?!")([^%b]*?))[%b]*(%b|$)' % (blank, mark, blank, mark))
    for mark, blank in ((b",", rb" \t"), (b";", rb" \t"), (b"\t", b" "))
}


class LineError(Exception):
    """What is wrong with a line; whoever knows the file and the number says so."""


@dataclass(frozen=True)
class Dialect:
    """How the lines of one file are cut: `separator` (None: white space), and the columns (weight -1: none).

    `header`: the header's line number, or 0; `header_ids`: its two fields; `known_header`: its names told it.
    Data starts at byte `skip`.

    >>> Dialect(separator=b",").row(b'"Paris, France", Rome')
    (b'Paris, France', b'Rome', None)
    """

    separator: bytes | None = None
    tail: int = 0
    head: int = 1
    weight: int = -1
    header: int = 0
    header_ids: tuple[bytes, ...] = ()
    known_header: bool = False
    skip: int = 0

    def row(self, line: bytes) -> tuple[bytes, bytes, float | None] | None:
        """Tail, head and weight of a line; None for a blank or a comment. Raises `LineError`."""
        found = self.cut(line)
        return found and (found[0], found[1], None if found[2] is None else parse_weight(found[2]))

    def cut(self, line: bytes) -> tuple[bytes, bytes, bytes | None] | None:
        """As `row`, with the text of the weight."""
        text = line.rstrip(b"\r\n").strip(b" \t\v\f")  # returns may end a line, however many
        if b"\r" in text:
            raise LineError("a carriage return inside a line; convert the line ends to \\n or \\r\\n")
        if not text or text.startswith(COMMENTS):
            return None
        fields = self.split(line)
        if max(self.tail, self.head) >= len(fields):
            raise LineError(self._too_few(len(fields)))
        tail, head = fields[self.tail], fields[self.head]
        if not tail or not head:
            raise LineError("an empty vertex id")
        if self.separator is None and (tail[0] == 34 or head[0] == 34):
            raise LineError("quotes are read in .csv and .tsv only (format='csv')")
        if self.weight < 0:
            return tail, head, None
        if self.weight >= len(fields):
            raise LineError("no weight")
        return tail, head, fields[self.weight]

    def split(self, line: bytes) -> list[bytes]:
        """The fields of a line: trimmed, unless quoted. Raises `LineError` on quotes left open."""
        if self.separator is None:
            return line.split()
        if b'"' not in line:
            return [field.strip() for field in line.split(self.separator)]
        fields, start, text, field = [], 0, line.strip(b"\r\n"), _FIELDS[self.separator]
        while match := field.match(text, start):
            quoted = match[1]
            fields.append(match[2] if quoted is None else quoted.replace(b'""', b'"'))
            if not match[3]:
                return fields
            start = match.end()
        raise LineError("quotes that do not enclose a whole field of this line")

    def check_name_cut(self, line: bytes) -> None:
        """Raise `LineError` where a tab and a space both separate, so that a name could have been cut."""
        if self.separator is None and b"\t" in line and b" " in line:
            fields = [field.strip() for field in line.split(b"\t") if field.strip()]
            if fields[:2] != line.split()[:2]:
                raise LineError("tabs and spaces both: names with spaces need format='tsv', or tabs only")

    def _too_few(self, count: int) -> str:
        if self.header or max(self.tail, self.head) > 1:
            return f"{count} fields; the ids are in fields {self.tail + 1} and {self.head + 1}"
        mark = {None: "white space", b",": "a comma", b";": "a semicolon", b"\t": "a tab"}[self.separator]
        return f"one field only; an edge is two vertex ids separated by {mark}"


def parse_weight(text: bytes) -> float:
    """A weight by `parse_float`, or a `LineError`."""
    if not text:
        raise LineError("no weight")
    try:
        return parse_float(text)
    except ValueError as error:
        raise LineError(f"the weight {text.decode('utf-8', 'backslashreplace')!r:.40} {error}") from None


def is_integer(word: bytes) -> bool:
    """Digits, with a sign or without."""
    return _INTEGER.fullmatch(word) is not None


def is_number(word: bytes) -> bool:
    """As a program writes numbers: 7, -1.0, 1e5, nan."""
    return _NUMBER.fullmatch(word) is not None


def find_dialect(file: TextFile, kind: str, weighted: bool) -> Dialect:
    """Look at the first two lines of data. `kind`: "csv", "tsv", "txt" (white space), or "guess" (txt or commas).

    The first is a header if its two ids are not numbers while those of the second are, or (csv, tsv) if it
    holds a known pair of names. Raises `InputError` on a line that may be either, or cannot be cut.
    """
    first, second = None, None
    for number, position, line in file.lines():
        text = line.rstrip(b"\r\n").strip(b" \t\v\f")  # returns may end a line, however many
        if b"\r" in text:
            raise file.error(number, "a carriage return inside a line; convert the line ends to \\n or \\r\\n", text)
        if not text or text.startswith(COMMENTS):
            continue
        if first is not None:
            second = line
            break
        first = (number, position, line)
    if first is None:
        return Dialect(weight=2 if weighted else -1)
    number, position, line = first
    try:
        plain = Dialect(_find_separator(line, kind))
        fields = plain.split(line)
        names = [field.decode("utf-8", "backslashreplace") for field in fields]
        tabular = kind in ("csv", "tsv")
        pair = find_pair(names if tabular else names[:2])
        tail, head = pair or (0, 1)
        below = _split_or_none(plain, second)
        numbers_below = max(tail, head) < len(below) and is_number(below[tail]) and is_number(below[head])
        words = len(fields) > 1 and not is_number(fields[tail]) and not is_number(fields[head])
        if not (words and numbers_below) and not (pair and tabular):
            if pair and not numbers_below:
                raise LineError("a header or an edge? Put # before a header; give format='tsv' or 'csv' if it has one")
            return Dialect(plain.separator, weight=2 if weighted else -1)
        tail, head, weight = choose_columns(names, weighted)
    except LineError as error:
        raise file.error(number, str(error), line) from None
    except InputError as error:
        raise file.error(number, str(error)) from None
    return Dialect(
        plain.separator, tail, head, weight, number, (fields[tail], fields[head]), pair is not None, position
    )


def _split_or_none(dialect: Dialect, line: bytes | None) -> list[bytes]:
    """The fields of the second line; nothing where there is none, or reading it will raise the error."""
    try:
        return [] if line is None else dialect.split(line)
    except LineError:
        return []


def _find_separator(line: bytes, kind: str) -> bytes | None:
    if kind == "tsv":
        return b"\t"
    if kind == "csv":  # whichever comes first outside quotes: 1;2;0,5 is semicolons, 1,2,a;b is commas
        found = re.search(rb"[,;\t]", re.sub(rb'"[^"]*"', b"", line).strip())
        return found[0] if found else b","
    words = line.split()
    if kind == "txt" or not any(b"," in word for word in words[:2]):
        return None
    if all(word.endswith(b",") for word in words[:-1]):
        return b","
    raise LineError("commas and white space both; give format='csv' if commas separate, 'txt' if white space does")
