"""A round of 1e7 messages: local engine (limits strict) against NumPy, its accounting, and Ray on 2 workers."""

from __future__ import annotations

import time

import numpy as np

from logdepth.mpc import Change, LocalEngine, Protocol, Send, Spec, Table
from logdepth.mpc.engine import choose_kernels
from logdepth.mpc.kernels import NumpyKernels
from logdepth.mpc.ray_engine import RayEngine
from logdepth.records import Record
from measure import save

MACHINES = 64
ROUNDS = 6


def all_to_all(messages: int) -> tuple[Protocol, dict[str, Table]]:
    """Every round each payload travels to a machine that its bits name, and changes."""

    def step(shard):
        mail = shard["mail"]
        payload = mail["payload"]
        mixed = (payload * np.int64(6364136223846793005)) ^ (payload >> 17)
        return Change(drop=("mail",), mail={"mail": (Table({"payload": mixed}, mail.offsets), mixed & (MACHINES - 1))})

    spec = Spec(MACHINES, 4 * messages // MACHINES + 60, messages)
    rng = np.random.default_rng(0)
    payload = rng.integers(-(2**62), 2**62, messages)
    inputs = {"mail": Table({"payload": payload}, np.arange(MACHINES + 1) * messages // MACHINES)}
    return Protocol("all-to-all", spec, [Send("all to all", step)] * ROUNDS, lambda tables: tables["mail"]), inputs


def exchange_only(messages: int) -> tuple[float, float, float]:
    """Seconds, best of five, of one round's exchange in the engine; of the same sort without account; of NumPy's."""
    rng = np.random.default_rng(1)
    destination = rng.integers(0, MACHINES, messages).astype(np.int32)
    payload = rng.integers(0, 2**62, messages)
    table = Table({"payload": payload, "to": destination}, np.arange(MACHINES + 1) * messages // MACHINES)
    spec = Spec(MACHINES, 4 * messages // MACHINES + 60, messages)

    def send(shard):
        return Change(drop=("mail",), mail={"mail": (shard["mail"].only("payload"), shard["mail"]["to"])})

    protocol = Protocol("exchange", spec, [Send("exchange", send)], lambda tables: None)
    engine = LocalEngine()
    rounds, plain, numpy = [], [], []
    for _ in range(5):
        rounds.append(engine.run(protocol, {"mail": table}).ledger.rounds[0].seconds)
        began = time.perf_counter()
        choose_kernels("auto", 2 * messages).deliver(destination, [payload], MACHINES)
        plain.append(time.perf_counter() - began)
        began = time.perf_counter()
        NumpyKernels().deliver(destination, [payload], MACHINES)
        numpy.append(time.perf_counter() - began)
    return min(rounds), min(plain), min(numpy)


def main() -> None:
    records = []
    for messages in (1_000_000, 10_000_000):
        seconds, plain, numpy = exchange_only(messages)
        values = {
            "seconds": seconds,
            "messages_per_second": round(messages / seconds),
            "account_share": max(0.0, 1 - plain / seconds),
            "numpy_over_local": numpy / seconds,
        }
        records.append(Record("exchange", {"messages": messages, "machines": MACHINES, "threads": 1}, values))
    with RayEngine(workers=2) as ray:
        for messages in (64, 1_000_000, 10_000_000):
            protocol, inputs = all_to_all(messages)
            local, remote = [], []
            for _ in range(3):
                one = LocalEngine().run(protocol, inputs)
                two = ray.run(protocol, inputs)
                assert one.ledger.without_clock() == two.ledger.without_clock()
                assert (one.result["payload"] == two.result["payload"]).all()
                local.append(np.median([row.seconds for row in one.ledger.rounds]))
                remote.append(np.median([row.seconds for row in two.ledger.rounds]))
            values = {
                "local_seconds_a_round": min(local),
                "ray_seconds_a_round": min(remote),
                "ray_over_local": min(remote) / min(local),
            }
            records.append(Record("ray round", {"messages": messages, "workers": 2, "machines": MACHINES}, values))
    save("exchange", records)


if __name__ == "__main__":
    main()
