"""A user's own problem or program: `FILE.py:NAME`, and whose fault it is when it goes wrong."""

from __future__ import annotations

import difflib
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from logdepth.errors import InputError, MemoryExceeded, ProgramError, SpecError
from logdepth.jobs.settings import Settings
from logdepth.mpc.protocol import Protocol
from logdepth.protocols import Problem
from logdepth.user_file import in_file, line_of, run_file


def own_problem(file: str, attribute: str, settings: Settings | None = None) -> Problem:
    """The problem of that name in a user's file, or the program with these settings; without a name the only one.

    Raises `InputError` (with near names) if it isn't there, `ProgramError` with the line if the file can't be run.
    """
    from logdepth.lang import Program  # loads what compiles

    found = run_file(file)
    sys.modules.pop(found["__name__"], None)  # so that workers elsewhere get its functions themselves, not by name
    problems = {name: value for name, value in found.items() if isinstance(value, Problem)}
    programs = {name: value for name, value in found.items() if isinstance(value, Program)}
    written = {name: value for name, value in programs.items() if value.where[0] == file}  # not imported into it
    there: dict[str, Problem | Program] = {**problems, **(written or programs)}
    listed = ", ".join(there) or "none; a `Problem` (from logdepth.protocols) or a function marked @program is needed"
    if not attribute and len(problems or there) != 1:
        raise InputError(f"{file}: say which problem, {file}:NAME (there: {listed})")
    named = attribute or next(iter(problems or there))
    if chosen := problems.get(named) or programs.get(named):
        settings = settings or Settings()
        return settings.refused_by(chosen) if isinstance(chosen, Problem) else settings.problem(chosen)
    if named in found:
        raise InputError(
            f"{file}:{named} is a {type(found[named]).__name__}, not a Problem or program; there: {listed}"
        )
    near = difflib.get_close_matches(named, there, 1)
    hint = f"did you mean {near[0]}? (there: {listed})" if near else f"there: {listed}"
    raise InputError(f"{file} has no problem {named!r}; {hint}")


def with_digest(name: str, protocol: Protocol) -> Protocol:
    """A user's protocol with its file's SHA-256 in its config: a checkpoint of another version is another run's."""
    own = in_file(name)
    if own is None:
        return protocol
    digest = hashlib.sha256(Path(own[0]).read_bytes()).hexdigest()
    return replace(protocol, config={**protocol.config, "file": digest})


@contextmanager
def blaming(name: str, *, rules: bool = False) -> Iterator[None]:
    """Errors inside a user's problem in one line, with the file and line. Nothing changes for a built-in one.

    An `InputError` is about the input, and stays as it is; where the protocol is held to the `rules` it is about them.
    """
    own = in_file(name)
    try:
        yield
    except (MemoryExceeded, SpecError, ProgramError):
        raise
    except Exception as error:
        if own is None:
            raise
        where = line_of(error, own[0])
        if isinstance(error, InputError):
            if not rules:
                raise
            raise ProgramError(f"{where}: {error}") from error
        from logdepth.lang.lines import one_line  # loads what compiles

        notes = "".join(f", {note}" for note in getattr(error, "__notes__", ()))
        raise ProgramError(f"{where}: {one_line(error)}{notes}") from error
