"""`python -m logdepth`, and the script of the same name: an interrupt at any moment is one line and status 130.

Whatever else is imported is imported by `run`: an interrupt in the middle of NumPy's own import, say, would otherwise
come out as NumPy's error. Outside of a command nothing is half done, so the process may leave at once. Out of reach are
only the milliseconds in which Python itself starts.
"""

import _signal as signal  # pyright: ignore[reportMissingImports]  what is built in: signal makes enums first, slowly
import os
import sys


def run() -> None:
    """The console script."""
    wanted = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not in a background job of a shell
    if wanted:
        signal.signal(signal.SIGINT, _leave)
    from logdepth.cli.main import main, prepare_streams

    prepare_streams()
    try:
        if wanted:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        status = main()
        if wanted:
            signal.signal(signal.SIGINT, _leave)  # while the interpreter shuts down
        sys.exit(status)
    except KeyboardInterrupt:  # between the handlers
        _leave()


def _leave(*_: object) -> None:
    try:
        os.write(2, b"logdepth: interrupted; nothing was left half-written\n")
    finally:
        os._exit(130)


if __name__ == "__main__":
    run()
