"""The model of massively parallel computation, and nothing else: spec, mail, protocol, ledger, engines.

`Protocol`s are sequences of `Send`, `Local`, `Loop` and `Choose` over `Table`s of mail; `LocalEngine` runs them in
this process, `logdepth.mpc.ray_engine.RayEngine` on a cluster; a `Ledger` says what every round cost.
"""

from __future__ import annotations

from logdepth.mpc.checkpoint import Checkpoints
from logdepth.mpc.engine import Engine, LocalEngine, Run
from logdepth.mpc.ledger import Ledger, Round
from logdepth.mpc.machines import per_machine, place_messages
from logdepth.mpc.protocol import Change, Choose, Local, Loop, Protocol, Send
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Outbox, Shard, Table, rows_per_machine

__all__ = [
    "Change",
    "Checkpoints",
    "Choose",
    "Engine",
    "Ledger",
    "Local",
    "LocalEngine",
    "Loop",
    "Outbox",
    "Protocol",
    "Round",
    "Run",
    "Send",
    "Shard",
    "Spec",
    "Table",
    "per_machine",
    "place_messages",
    "rows_per_machine",
]
