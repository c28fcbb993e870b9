"""Machines on a Ray cluster: one actor a worker holds a contiguous range of machines. Needs the extra `[ray]`.

An actor's outbox is sorted by machine and cut into one parcel a worker; parcels travel as object references, the
driver fetches counts only, and checks the limits before the next step. Ray restarts nothing: when a worker is lost
the driver drops all actors, makes new ones, and goes back to the last checkpoint (or to the input). Actors, and the
protocol that they last ran, stay until the engine is closed: the next run begins at once.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.accountant import Accountant
from logdepth.mpc.checkpoint import Checkpoints, Part, load_machines, write_part
from logdepth.mpc.engine import (
    Progress,
    Run,
    check_in_step,
    check_kernels,
    choose_kernels,
    finish,
    machine_ranges,
    split,
)
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.table import Shard, Table, join_tables
from logdepth.mpc.words import outbox_words

# no reports to anyone; no warning about future defaults; failed steps are reported once, by the driver
_RAY_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
}

Parcel = dict[str, tuple[dict[str, np.ndarray], np.ndarray]]  # name -> columns, offsets over the receiver's machines


class Worker:
    """The machines of one worker; runs inside a Ray actor."""

    def begin(self, protocol: Protocol, index: int, ranges: list[tuple[int, int]], kernels: str) -> int:
        """A run begins: what for, and with which machines. The process's id."""
        self.protocol, self.index, self.ranges = protocol, index, ranges
        self.kernels = choose_kernels(kernels, 0)
        self.load({})
        return os.getpid()

    def load(self, tables: dict[str, Table]) -> None:
        """Start from these inboxes."""
        self.tables: dict[str, Table] = dict(tables)
        self.own: Parcel = {}

    def load_checkpoint(self, folder: Path, state: Mapping[str, Any]) -> None:
        """Start from a checkpoint; any number of workers may have written it."""
        first, last = self.ranges[self.index]
        self.load(load_machines(folder, state, first, last))

    def _receive(self, parcels: tuple[Parcel | None, ...]) -> None:
        """Merge the parcels, in order of the sending worker, into the inboxes."""
        if not parcels:
            return
        mine = [self.own if parcel is None else parcel for parcel in parcels]
        for name in mine[0]:
            columns, offsets = self.kernels.merge(
                [list(parcel[name][0].values()) for parcel in mine], [parcel[name][1] for parcel in mine]
            )
            self.tables[name] = Table(dict(zip(mine[0][name][0], columns, strict=True)), offsets)
        self.own = {}

    def step(self, *parcels: Parcel | None) -> Any:
        """Take in the last round's parcels, run one round; counts for the driver, then one parcel a worker."""
        self._receive(parcels)
        first, last = self.ranges[self.index]
        spec = self.protocol.spec
        outbox = self.protocol.local(Shard(spec, first, last - first, self.tables, self.kernels))
        self.tables = dict(outbox.keep)
        kept, sent = outbox_words(self.protocol.name, outbox, first, last - first, spec.num_machines)
        if outbox.halt:
            return [{"halt": True, "shape": outbox.shape(), "kept": kept}, *[None] * len(self.ranges)]
        received = np.zeros(spec.num_machines, np.int64)
        messages = 0
        parcels_out: list[Parcel] = [{} for _ in self.ranges]
        for name, (table, destination) in outbox.mail.items():
            columns, offsets = self.kernels.deliver(destination, list(table.columns.values()), spec.num_machines)
            received += np.diff(offsets) * len(columns)
            messages += len(destination)
            for parcel, (low, high) in zip(parcels_out, self.ranges, strict=True):
                begin, end = int(offsets[low]), int(offsets[high])
                cut = {key: column[begin:end] for key, column in zip(table.columns, columns, strict=True)}
                parcel[name] = (cut, offsets[low : high + 1] - begin)
        self.own = parcels_out[self.index]
        counts = {
            "halt": False, "shape": outbox.shape(), "label": outbox.label, "kept": kept, "sent": sent,
            "received": received, "messages": messages,
        }  # fmt: skip
        return [counts, *[None if w == self.index else parcel for w, parcel in enumerate(parcels_out)]]

    def save(self, folder: Path, *parcels: Parcel | None) -> Part:
        """Take in the last round's parcels and write the inboxes: this worker's part of a checkpoint."""
        self._receive(parcels)
        first, last = self.ranges[self.index]
        name = f"machines-{first:07d}-{last:07d}.npz"
        return first, last, name, write_part(folder / name, self.tables)

    def output(self) -> dict[str, Table]:
        """The tables at the end, which are let go of."""
        tables, self.tables = self.tables, {}
        return tables


class RayEngine:
    """Runs protocols on Ray actors.

    workers: how many actors (default: the CPUs Ray sees). address: "local" starts Ray on this machine; else a running
    cluster's address. kernels: as for `LocalEngine`. recoveries: how often lost workers are replaced before giving up.

    Raises `InputError` if Ray is not installed or the cluster can't be reached.
    """

    def __init__(
        self, *, workers: int | None = None, address: str = "local", kernels: str = "auto", recoveries: int = 10
    ) -> None:
        if workers is not None and workers < 1:
            raise InputError(f"workers are {workers}; there must be at least 1")
        for name, value in _RAY_SETTINGS.items():
            os.environ.setdefault(name, value)
        try:
            import ray
        except ImportError:
            raise InputError("the ray engine needs Ray: pip install 'logdepth[ray]'") from None
        self.ray: Any = ray
        self.kernels = check_kernels(kernels)
        self.recoveries = recoveries
        self.recovered = 0
        self.rounds_replayed = 0
        self._started = not ray.is_initialized()
        if self._started:
            local = {"num_cpus": workers or os.cpu_count(), "include_dashboard": False} if address == "local" else {}
            try:
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **local)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise InputError(f"cannot start or reach Ray at {address!r}: {error}") from error
        self.workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        self.pids: list[int] = []
        self._actors: list[Any] = []
        self._shared: tuple[Protocol, Any] | None = None  # the protocol that Ray holds

    def close(self) -> None:
        """Let the actors go, and stop Ray if this engine started it."""
        self._drop()
        if self._started:
            self.ray.shutdown()

    def __enter__(self) -> RayEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(
        self,
        protocol: Protocol,
        inputs: Mapping[str, Table],
        *,
        strict: bool = True,
        progress: Progress | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> Run:
        """Run to the end, whatever workers are lost on the way. Arguments and errors as `LocalEngine.run`.

        Without `checkpoints` they go to a temporary folder of this machine: fine on one machine; on a cluster give a
        folder that all nodes share.
        """
        spec = protocol.spec
        ranges = machine_ranges(spec.num_machines, self.workers)
        account = Accountant(protocol, inputs, strict)
        ledger = account.ledger
        kernels = choose_kernels(self.kernels, int(account.input_words.sum())).name
        temporary = None if checkpoints is not None else Path(tempfile.mkdtemp(prefix="logdepth-checkpoint-"))
        saves = checkpoints if checkpoints is not None else Checkpoints(temporary or Path(), warn=lambda _: None)
        saves.begin(protocol, inputs, ledger)
        parts: list[Any] | None = None
        try:
            while True:
                try:
                    if not saves.has_state and parts is None:
                        parts = [self.ray.put(part) for part in split(inputs, ranges)]
                    actors = self._start(protocol, ranges, saves, parts, kernels)
                    tables = self._rounds(protocol, actors, ranges, account, saves, progress)
                    return finish(protocol, tables, ledger)
                except self.ray.exceptions.RayError as error:
                    cause = _cause(error, self.ray)
                    if cause is not None:
                        raise cause from None
                    self.recovered += 1
                    if self.recovered > self.recoveries:
                        raise InputError(
                            f"workers were lost {self.recovered} times, the last time in round {ledger.num_rounds}: "
                            f"{str(error).splitlines()[0]}"
                        ) from error
                    self._drop()
                    reached = ledger.num_rounds
                    saves.rewind(ledger)
                    self.rounds_replayed += reached - ledger.num_rounds
        finally:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)

    def _start(
        self,
        protocol: Protocol,
        ranges: list[tuple[int, int]],
        saves: Checkpoints,
        parts: list[Any] | None,
        kernels: str,
    ) -> list[Any]:
        """An actor a range of machines, with their inboxes. New ones come up while Ray takes the protocol in."""
        remote = self.ray.remote(Worker).options(num_cpus=1, max_restarts=0, max_task_retries=0)
        self._actors += [remote.remote() for _ in range(len(ranges) - len(self._actors))]
        if self._shared is None or self._shared[0] is not protocol:
            self._shared = protocol, self.ray.put(protocol)
        actors, shared = self._actors[: len(ranges)], self._shared[1]
        begun = [actor.begin.remote(shared, index, ranges, kernels) for index, actor in enumerate(actors)]
        if saves.has_state:
            loads = [actor.load_checkpoint.remote(saves.folder, saves.state()) for actor in actors]
        else:
            assert parts is not None
            loads = [actor.load.remote(part) for actor, part in zip(actors, parts, strict=True)]
        self.pids = self.ray.get(begun)
        self.ray.get(loads)
        return actors

    def _drop(self) -> None:
        """Let all actors go, and the protocol, which may have been lost with them."""
        for actor in self._actors:
            self.ray.kill(actor)
        self._actors, self._shared = [], None

    def _rounds(
        self,
        protocol: Protocol,
        actors: list[Any],
        ranges: list[tuple[int, int]],
        account: Accountant,
        saves: Checkpoints,
        progress: Progress | None,
    ) -> dict[str, Table]:
        """Round after round until the machines halt; their tables."""
        get, count, ledger = self.ray.get, len(actors), account.ledger
        steps = [actor.step.options(num_returns=count + 1) for actor in actors]
        parcels: list[list[Any]] = [[] for _ in actors]
        while True:
            account.begin()
            replies = [step.remote(*parcel) for step, parcel in zip(steps, parcels, strict=True)]
            counts = get([reply[0] for reply in replies])
            check_in_step(protocol, [row["shape"] for row in counts], ranges)
            if counts[0]["halt"]:
                ledger.end(np.concatenate([row["kept"] for row in counts]))
                break
            parcels = [[reply[1 + index] for reply in replies] for index in range(count)]
            kept, sent = (np.concatenate([row[what] for row in counts]) for what in ("kept", "sent"))
            account.sends(counts[0]["label"], kept, sent)
            account.receives(
                np.sum([row["received"] for row in counts], axis=0), sum(row["messages"] for row in counts)
            )
            if saves.due(ledger):

                def write(folder: Path, parcels: list[list[Any]] = parcels) -> list[Part]:
                    return get([a.save.remote(folder, *p) for a, p in zip(actors, parcels, strict=True)])

                saves.save(ledger, write)
                parcels = [[] for _ in actors]
            if progress is not None:
                progress(ledger.num_rounds, ledger.bound)
        outputs = get([actor.output.remote() for actor in actors])
        return {name: join_tables([part[name] for part in outputs]) for name in outputs[0]}


def _cause(error: Any, ray: Any) -> BaseException | None:
    """The user's own exception behind a failed step; None if workers or objects were lost."""
    if isinstance(error, ray.exceptions.RayTaskError):
        cause = error.cause
        if not isinstance(cause, ray.exceptions.RayError):
            return cause
    return None
