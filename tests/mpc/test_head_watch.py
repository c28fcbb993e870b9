"""A cluster's head that no longer answers ends what waits for it; one that does, or comes back in time, does not."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from logdepth.errors import InputError
from logdepth.mpc.head_watch import HeadWatch


def listening():
    server = socket.create_server(("127.0.0.1", 0))
    return server, f"127.0.0.1:{server.getsockname()[1]}"


def test_what_waits_is_called_out():
    server, address = listening()
    watch = HeadWatch(address, patience=0.3, every=0.05)
    threading.Timer(0.3, server.close).start()
    began = time.monotonic()
    told = rf"^the head of the Ray cluster, {address}, has not answered for 0 s; go on$"
    with pytest.raises(InputError, match=told), watch.guarding("go on"):
        time.sleep(30)
    assert watch.gone and 0.5 < time.monotonic() - began < 20


def test_a_head_that_answers_or_comes_back():
    server, address = listening()
    watch = HeadWatch(address, patience=5.0, every=0.05)
    with watch.guarding("go on"):
        time.sleep(0.2)
        server.close()
        time.sleep(0.3)
        server = socket.create_server(("127.0.0.1", int(address.split(":")[1])))
        time.sleep(0.2)
    server.close()
    assert not watch.gone


def test_a_head_that_never_answered_is_not_missed():
    watch = HeadWatch("127.0.0.1:1", patience=0.0, every=0.01)
    with watch.guarding("go on"):
        time.sleep(0.3)
    assert not watch.gone


def test_other_errors_pass():
    with pytest.raises(KeyboardInterrupt), HeadWatch("127.0.0.1:1").guarding("go on"):
        raise KeyboardInterrupt


def test_other_threads_are_let_be():
    seen = []
    server, address = listening()
    watch = HeadWatch(address, patience=0.0, every=0.01)

    def work():
        with watch.guarding("go on"):
            time.sleep(0.1)
            server.close()
            time.sleep(0.2)
            seen.append(watch.gone)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


def test_less_patient_than_ray(monkeypatch):
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "20")
    assert HeadWatch("a:1").patience == 15
