"""What a user did that cannot be done. Every class is a `ValueError`; our own invariants are `assert`s."""

from __future__ import annotations

from functools import partial


class InputError(ValueError):
    """Bad input: an argument, a file, a sequence. The message names it, the limit, and the way out."""


class ProgramError(InputError):
    """A program that cannot be traced or compiled; the message starts with the user's file and line."""


class AmbiguousError(InputError):
    """An input with several tokens that match where the program says that one does at most.

    Attributes: row and position (the first place), number of tokens.
    """

    def __init__(self, message: str, *, row: int, position: int, number: int) -> None:
        super().__init__(message)
        self.row, self.position, self.number = row, position, number


class CertificateError(InputError):
    """A compilation that would not be exact in the number format asked for, so nothing was written."""


class FolderError(InputError):
    """A folder that is not a compiled model, or is incomplete or damaged."""


class WriteError(InputError):
    """A file that could not be written (no room, no permission); what was there before is still there.

    Attributes: reason, the system's words for it.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[object, ...]:  # it may come from another process
        return partial(WriteError, reason=self.reason), self.args


class SpecError(InputError):
    """Machines too small for a protocol: `local_memory` has no room for even one of its steps."""


class MemoryExceeded(InputError):
    """A machine sent, received or held more than its `local_memory` in a round of a strict run.

    Attributes: machine, round, words, limit.
    """

    def __init__(self, message: str, *, machine: int, round: int, words: int, limit: int) -> None:
        super().__init__(message)
        self.machine, self.round, self.words, self.limit = machine, round, words, limit


class TrafficExceeded(InputError):
    """A round did more than the router was built for; nothing was delivered.

    Attributes: machine, number, limit.
    """

    def __init__(self, message: str, *, machine: int, number: int, limit: int) -> None:
        super().__init__(message)
        self.machine, self.number, self.limit = machine, number, limit
