"""Machines on a Ray cluster: one actor a worker holds a contiguous range of machines. Needs the extra `[ray]`.

An actor's outbox is sorted by machine and cut into one parcel a worker; parcels travel as object references, the
driver fetches counts only, and checks the limits before the next step. Ray restarts nothing: when a worker is lost
the driver drops all actors, makes new ones, and goes back to the last checkpoint (or to the input). Actors, and the
protocol that they last ran, stay until the engine is closed: the next run begins at once.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from logdepth.errors import InputError
from logdepth.files import own_folder, sweep
from logdepth.mpc.accountant import Accountant
from logdepth.mpc.checkpoint import Checkpoints, Part
from logdepth.mpc.engine import Run, check_kernels, choose_kernels, finish, machine_ranges, reading
from logdepth.mpc.head_watch import HeadWatch
from logdepth.mpc.host import Stepped
from logdepth.mpc.placing import Inputs, Outputs, TablesInHand, as_inputs
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.ray_worker import Worker, apply
from logdepth.mpc.rounds import Progress, run_rounds
from logdepth.mpc.shelf import SHELF
from logdepth.mpc.spilling import Spill
from logdepth.mpc.table import Table
from logdepth.mpc.tally import WordTally, merge_tallies

# no reports to anyone; no warning about future defaults; failed steps are reported once, by the driver; workers are as
# nice as the command is, which does nothing but wait for them (Ray's own choice, 15, starves them beside other work)
_RAY_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
    "RAY_worker_niceness": "0",
}

_WAY_ON = "what a --checkpoint has is kept, and `logdepth resume` goes on from it"


class RayEngine:
    """Runs protocols on Ray actors.

    workers: how many actors (default: the CPUs Ray sees). address: "local" starts Ray on this machine; else a running
    cluster's address. kernels: as for `LocalEngine`. recoveries: how often lost workers are replaced before giving up.
    spill: what a worker's memory is; one that would need more works on its machines range by range. patience: seconds
    that workers may take to come up; the run then goes on with those that have.

    Raises `InputError` if Ray is not installed or the cluster can't be reached.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        address: str = "local",
        kernels: str = "auto",
        recoveries: int = 10,
        spill: Spill | None = None,
        patience: float = 120.0,
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
        self.spill = spill
        self.recoveries = recoveries
        self.patience = patience
        self.recovered = 0
        self.rounds_replayed = 0
        self._started = not ray.is_initialized()
        self._store = 0  # bytes of each worker's that are Ray's, if this engine started it with a limit
        self._held = ExitStack()  # folders of this machine that go with the engine
        if self._started:
            local = self._of_one_machine(workers) if address == "local" else {}
            try:
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **local)
            except (ConnectionError, RuntimeError, ValueError) as error:
                self._held.close()
                raise InputError(f"cannot start or reach Ray at {address!r}: {error}") from error
        self.head = HeadWatch(str(getattr(ray.get_runtime_context(), "gcs_address", "")))
        self._cpus_at_first = self._cpus()
        self.workers = workers or max(1, self._cpus_at_first)
        self.pids: list[int] = []
        self._actors: list[Any] = []
        self._shared: tuple[Protocol, Any] | None = None  # the protocol that Ray holds

    def _of_one_machine(self, workers: int | None) -> dict[str, Any]:
        """How Ray is started here. With a limit its store has a share of a worker's memory; the rest goes to disk."""
        given: dict[str, Any] = {"num_cpus": workers or os.cpu_count(), "include_dashboard": False}
        if self.spill is not None:
            store = self._held.enter_context(own_folder(self.spill.folder, SHELF))
            given |= {"object_store_memory": self.spill.store}
            self._store = self.spill.store
            given |= {"object_spilling_directory": str(store)}
        return given

    def close(self) -> None:
        """Let the actors go, and stop Ray if this engine started it. Without its head there is nobody to tell."""
        if self.head.gone:
            self._actors, self._shared = [], None
        if self.spill is not None:
            with suppress(self.ray.exceptions.RayError):
                self.ray.get([actor.end.remote() for actor in self._actors])
            sweep(self.spill.folder, SHELF)  # what lost workers left on this machine
        self._drop()
        if self._started:
            self.ray.shutdown()
        self._held.close()

    def __enter__(self) -> RayEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def map(self, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """`work` of each item, on any worker; a lost one's items are done again by another."""
        with self.head.guarding(_WAY_ON):
            return self._map(work, items)

    def _map(self, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        self._drop()  # actors of a run before this hold the CPUs that the work waits for
        remote = self.ray.remote(apply).options(num_cpus=1, max_retries=self.recoveries)
        while True:
            try:
                calls = [remote.remote(work, item) for item in items]
                self._wait(calls)
                return self.ray.get(calls)
            except self.ray.exceptions.RayError as error:
                cause = _cause(error, self.ray)
                if cause is not None:
                    raise cause from None
                self._lost("while the parts were looked at", error)

    def _wait(self, calls: list[Any]) -> None:
        """Until all are done. They wait for nodes, however long; a cluster without any is none."""
        waiting, idle = calls, 0
        while waiting:
            _, waiting = self.ray.wait(waiting, num_returns=len(waiting), timeout=self.patience / 10)
            idle = 0 if self._cpus() else idle + 1
            if waiting and idle > 10:
                raise InputError(f"the Ray cluster has had no CPU for {self.patience:.0f} s; {_WAY_ON}")

    def _lost(self, when: str, error: Exception) -> None:
        """Workers were lost once more. Raises `InputError` if that is once too often."""
        self.recovered += 1
        if self.recovered > self.recoveries:
            raise InputError(
                f"workers were lost {self.recovered} times, the last time {when}: {_first_line(error)}; {_WAY_ON}"
            ) from error
        self._drop()

    def run(
        self,
        protocol: Protocol,
        inputs: Mapping[str, Table] | Inputs,
        *,
        strict: bool = True,
        progress: Progress | None = None,
        checkpoints: Checkpoints | None = None,
        outputs: Outputs | None = None,
    ) -> Run:
        """Run to the end, whatever workers are lost on the way. Arguments and errors as `LocalEngine.run`.

        Where a node is lost, those that are left take its machines. Without `checkpoints` they go to a temporary folder
        of this machine, if the cluster is no more than that and nothing is spilled; else a loss means starting over.
        """
        spec = protocol.spec
        account, given = Accountant(protocol, strict), as_inputs(inputs, protocol)
        ledger = account.ledger
        kernels = choose_kernels(self.kernels, spec.num_words).name
        with ExitStack() as kept:
            kept.enter_context(self.head.guarding(_WAY_ON))
            if checkpoints is None:
                folder = kept.enter_context(own_folder(Path(tempfile.gettempdir()), "logdepth-checkpoint-"))
                # never, where no other node would see it, or where it would be as large as what waits on disk
                every = None if self._hosts() == 1 and self.spill is None else 1 << 62
                checkpoints = Checkpoints(folder / "saved", every=every, warn=lambda _: None)
            checkpoints.begin(protocol, given, ledger)
            workers = min(self.workers, spec.num_machines)
            while True:
                try:
                    crew = self._crew(protocol, workers, kernels)
                    if checkpoints.has_state:
                        crew.ask("load_checkpoint", checkpoints.folder, checkpoints.state())
                    else:
                        with reading(given, ledger):
                            account.holds(crew.load(given))
                    run_rounds(protocol, crew, account, checkpoints, progress)
                    return finish(protocol, outputs, crew, ledger)
                except _TooFewError as error:
                    workers = error.ready
                    if not workers:
                        raise InputError(
                            f"no worker could be started in {self.patience:.0f} s: the Ray cluster has "
                            f"{self._cpus()} CPUs, and none is free; {_WAY_ON}"
                        ) from None
                    self._drop()
                except self.ray.exceptions.RayError as error:
                    cause = _cause(error, self.ray)
                    if cause is not None:
                        raise cause from None
                    self._lost(f"in round {ledger.num_rounds}", error)
                    workers = max(1, min(self.workers, spec.num_machines, self._cpus()))
                    reached = ledger.num_rounds
                    checkpoints.rewind(ledger)
                    self.rounds_replayed += reached - ledger.num_rounds

    def _crew(self, protocol: Protocol, count: int, kernels: str) -> _Actors:
        """An actor a worker, with its ranges of machines. New ones come up while Ray takes the protocol in.

        Raises `_TooFewError` if some do not come up.
        """
        each = 1 if self.spill is None else self.spill.ranges(protocol.spec, count, self._store)
        ranges = machine_ranges(protocol.spec.num_machines, count * each)
        owners = [place * count // len(ranges) for place in range(len(ranges))]
        remote = self.ray.remote(Worker).options(num_cpus=1, max_restarts=0, max_task_retries=0)
        self._actors += [remote.remote() for _ in range(count - len(self._actors))]
        if self._shared is None or self._shared[0] is not protocol:
            self._shared = protocol, self.ray.put(protocol)
        actors, shared = self._actors[:count], self._shared[1]
        shelves = self.spill.folder if self.spill is not None and len(ranges) > count else None
        given = ranges, owners, kernels, shelves
        calls = [actor.begin.remote(shared, index, *given) for index, actor in enumerate(actors)]
        until = time.monotonic() + self.patience
        while True:
            ready, waiting = self.ray.wait(calls, num_returns=count, timeout=min(self.patience, 2))
            if not waiting:
                break
            lost = self._cpus() < min(count, self._cpus_at_first)  # it takes Ray a while to see that a node is gone
            if time.monotonic() > until or (lost and ready):
                raise _TooFewError(len(ready))
        self.pids = self.ray.get(calls)
        spans = [
            [span for span, owner in zip(ranges, owners, strict=True) if owner == worker] for worker in range(count)
        ]
        return _Actors(self.ray, actors, [(own[0][0], own[-1][1]) for own in spans])

    def _cpus(self) -> int:
        """Of the nodes that are there now; 0 where nobody answers."""
        try:
            return int(self.ray.cluster_resources().get("CPU", 0))
        except (self.ray.exceptions.RayError, RuntimeError, ConnectionError):
            return 0

    def _hosts(self) -> int:
        return len({node["NodeManagerHostname"] for node in self.ray.nodes() if node["Alive"]})

    def _drop(self) -> None:
        """Let all actors go, and the protocol, which may have been lost with them."""
        for actor in self._actors:
            self.ray.kill(actor)
        self._actors, self._shared = [], None


class _Actors:
    """The workers' actors as a crew: what they mail each other travels as references, the driver sees counts."""

    def __init__(self, ray: Any, actors: list[Any], spans: list[tuple[int, int]]) -> None:
        self.ray, self.actors, self.spans = ray, actors, spans
        self._steps = [actor.step.options(num_returns=len(actors) + 1) for actor in actors]
        self._bundles: list[list[Any]] = []

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        """One method of every actor, all at once."""
        return self.ray.get([getattr(actor, method).remote(*arguments) for actor in self.actors])

    def load(self, inputs: Inputs) -> WordTally:
        """Every worker its machines' tables: sent there if this process holds them, else read there."""
        if not isinstance(inputs, TablesInHand):
            return merge_tallies(self.ask("load", self.ray.put(inputs)))
        parts = [self.ray.put(inputs.part(*span)) for span in self.spans]
        calls = [actor.load_tables.remote(part) for actor, part in zip(self.actors, parts, strict=True)]
        return merge_tallies(self.ray.get(calls))

    def step(self) -> list[Stepped]:
        replies = [step.remote() for step in self._steps]
        done = self.ray.get([reply[0] for reply in replies])
        self._bundles = [[reply[1 + index] for reply in replies] for index in range(len(self.actors))]
        return [part for parts in done for part in parts]

    def take(self) -> WordTally:
        calls = [actor.take.remote(*bundle) for actor, bundle in zip(self.actors, self._bundles, strict=True)]
        self._bundles = []
        return merge_tallies(self.ray.get(calls))

    def save(self, folder: Path) -> list[Part]:
        return [part for parts in self.ask("save", folder) for part in parts]

    def finish(self, take: Callable[[int, int, Mapping[str, Table]], Any]) -> list[Any]:
        return [part for parts in self.ask("finish", take) for part in parts]

    def peaks(self) -> list[int | None]:
        return self.ask("peak")


class _TooFewError(Exception):
    """Some workers did not come up. ready: how many did."""

    def __init__(self, ready: int) -> None:
        super().__init__(ready)
        self.ready = ready


def _first_line(error: Exception) -> str:
    cause = getattr(error, "cause", None) or error  # a task's error begins with its traceback
    return next(iter(str(cause).splitlines()), type(cause).__name__)


def _cause(error: Any, ray: Any) -> BaseException | None:
    """The user's own exception behind a failed step, or a full disk; None if workers or objects were lost."""
    known = ray.exceptions
    cause = error.cause if isinstance(error, known.RayTaskError) else error
    if isinstance(cause, known.OutOfDiskError | known.ObjectStoreFullError):  # to begin again would fill it again
        return InputError(
            "Ray's object store is full, and so is the disk where it puts the rest (--spill, or its temporary folder; "
            f"it stops at 95 %): make room there; {_WAY_ON}"
        )
    return None if isinstance(cause, known.RayError) else cause
