"""What programs that think share: what the header asks for, and whether enough is written."""

from __future__ import annotations

from typing import Annotated

from logdepth.lang import AtLeast, AtMost, Header, Word, at, last, theirs

Steps = Annotated[int, AtLeast(0)]
Asked = Annotated[Header, AtMost("steps")]  # k: how many thoughts are asked for


def all_written(pointer: Word, position: Word, asked: Word) -> Word:
    """Whether as many thoughts as the header says stand behind the question: then a pointer stands so far before me."""
    return last(where=theirs(position) == position - at(0).read(asked)).read(pointer > 0)
