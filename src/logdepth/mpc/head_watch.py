"""Whether the head of a Ray cluster still answers: without it Ray ends the whole process after a while, in its words.

This ends the run a little earlier, as any other error: what is half written goes, and one line says what to do.
"""

from __future__ import annotations

import _thread
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from logdepth.errors import InputError

_RAYS_PATIENCE = "RAY_gcs_rpc_server_reconnect_timeout_s"  # a minute, unless somebody says otherwise


class HeadWatch:
    """Of a head at `address`, host:port. patience: seconds without it after which it is gone; less than Ray's.

    One that has never answered is not missed.

    >>> watch = HeadWatch("127.0.0.1:1", patience=0)
    >>> with watch.guarding("then"):
    ...     watch.gone
    False
    """

    def __init__(self, address: str, patience: float | None = None, every: float = 2.0) -> None:
        self.address, self.every, self.gone = address, every, False
        self.patience = 0.75 * float(os.environ.get(_RAYS_PATIENCE) or 60) if patience is None else patience

    @contextmanager
    def guarding(self, way_on: str) -> Iterator[None]:
        """Raises `InputError`, which ends with `way_on`, once the head is gone: out of whatever the block waits for.

        Only the main thread can be called out of its waiting; in others nothing is watched.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        over, turn = threading.Event(), threading.Lock()

        def look() -> None:
            last = None  # a head that this host never reaches (through Ray's client, say) is not missed
            while not over.wait(self.every):
                if self._answers():
                    last = time.monotonic()
                elif last is not None and time.monotonic() - last > self.patience:
                    with turn:
                        if not over.is_set():
                            self.gone = True
                            _call_out()
                    return

        with _may_be_called_out():
            threading.Thread(target=look, name="logdepth-head-watch", daemon=True).start()
            try:
                yield
            except BaseException as error:
                if self.gone:
                    raise InputError(
                        f"the head of the Ray cluster, {self.address}, has not answered for {self.patience:.0f} s; "
                        f"{way_on}"
                    ) from error
                raise
            finally:
                with turn:
                    over.set()

    def _answers(self) -> bool:
        host, _, port = self.address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=self.every).close()
        except (OSError, ValueError):
            return False
        return True


# a signal that means nothing else, where there are any: Ctrl-C's is ignored by what runs in the background
_CALL = getattr(signal, "SIGURG", None)


def _call_out() -> None:
    """The main thread, out of whatever it waits for."""
    main = threading.main_thread().ident
    if _CALL is not None and main is not None:
        signal.pthread_kill(main, _CALL)
    else:
        _thread.interrupt_main()


@contextmanager
def _may_be_called_out() -> Iterator[None]:
    if _CALL is None:
        yield
        return

    def called(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(_CALL, called)
    try:
        yield
    finally:
        signal.signal(_CALL, before if before is not None else signal.SIG_DFL)
