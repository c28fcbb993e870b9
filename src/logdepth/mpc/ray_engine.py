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
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

from logdepth.errors import InputError
from logdepth.files import own_folder, sweep
from logdepth.memory import peak_memory
from logdepth.mpc.accountant import Accountant
from logdepth.mpc.checkpoint import Checkpoints, Part, load_machines
from logdepth.mpc.engine import Run, check_kernels, choose_kernels, finish, machine_ranges, reading, save_range
from logdepth.mpc.host import Host, Parcels, Stepped
from logdepth.mpc.placing import Inputs, Outputs, TablesInHand, as_inputs
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.rounds import Progress, run_rounds
from logdepth.mpc.shelf import SHELF, Shelf
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

_SMALL_BYTES = 1 << 20
_LEAST_STORE = 128 << 20  # bytes of shared memory that Ray starts with
Bundle = dict[tuple[int, int], Any]  # what one worker mails another: (from, to) -> parcels, or where Ray holds them


class Worker:
    """The machines of one worker; runs inside a Ray actor. Its ranges are worked on one after another."""

    def begin(
        self, protocol: Protocol, index: int, ranges: list[tuple[int, int]], owners: list[int], kernels: str,
        shelves: Path | None,
    ) -> int:  # fmt: skip
        """A run begins: what for, and with which machines: those of `ranges` that `owners` gives it. The process."""
        os.environ.setdefault("POLARS_MAX_THREADS", "1")  # a worker is one core
        own = [place for place, owner in enumerate(owners) if owner == index]
        self.end()
        self.shelf, self.mail = Shelf(shelves), Shelf(shelves)
        self.index, self.owners, self.several = index, owners, shelves is not None
        self.host = Host(protocol, ranges, own, choose_kernels(kernels, 0), self.shelf)
        return os.getpid()

    def end(self) -> None:
        """Let go of what is left of the run before."""
        for shelf in (getattr(self, "shelf", None), getattr(self, "mail", None)):
            if shelf is not None:
                shelf.close()

    def load(self, inputs: Inputs) -> WordTally:
        """Start from an input; its words."""
        return self.host.load(inputs.part)

    def load_tables(self, tables: dict[str, Table]) -> WordTally:
        """Start from these inboxes, of all this worker's machines."""
        begin, inputs = self.host.ranges[self.host.own[0]][0], TablesInHand(tables)
        return self.host.load(lambda first, last: inputs.part(first - begin, last - begin))

    def load_checkpoint(self, folder: Path, state: Mapping[str, Any]) -> None:
        """Start from a checkpoint; any number of workers may have written it."""
        self.host.restore(lambda first, last: load_machines(folder, state, first, last))

    def step(self) -> list[Any]:
        """A round; what the driver is told, then a bundle for each worker, None for this one."""
        bundles: list[Bundle] = [{} for _ in range(max(self.owners) + 1)]

        def post(source: int, to: int, parcels: Parcels) -> None:
            owner = self.owners[to]
            if owner == self.index:  # in memory a copy: what goes to others is let go of once it is theirs
                self.mail.put((source, to), parcels if self.several or len(bundles) == 1 else _copied(parcels))
            else:
                bundles[owner][source, to] = _put(parcels) if self.several else parcels

        done = self.host.step(post)
        return [done, *[None if worker == self.index else bundle for worker, bundle in enumerate(bundles)]]

    def take(self, *bundles: Bundle | None) -> WordTally:
        """Put the last round's bundles, in order of the sending worker, into the inboxes; the words then held."""

        def parcels(to: int) -> list[Parcels]:
            found: list[Parcels] = []
            for source, owner in enumerate(self.owners):
                bundle = bundles[owner]
                found.append(self.mail.pop((source, to)) if bundle is None else _get(bundle.pop((source, to))))
            return found

        return self.host.take(parcels)

    def save(self, folder: Path) -> list[Part]:
        """Write the inboxes: this worker's parts of a checkpoint."""
        return self.host.write(partial(save_range, folder))

    def finish(self, take: Callable[[int, int, Mapping[str, Table]], Any]) -> list[Any]:
        """`take` of each range's tables at the end, which are let go of."""
        return self.host.finish(take)

    def peak(self) -> int | None:
        """The most bytes that this process has had in memory."""
        return peak_memory()


def _apply(work: Callable[[Any], Any], item: Any) -> Any:
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # a worker is one core
    return work(item)


def _copied(parcels: Parcels) -> Parcels:
    return {
        name: Table({column: values.copy() for column, values in table.columns.items()}, table.offsets)
        for name, table in parcels.items()
    }


def _put(parcels: Parcels) -> Any:
    """Large parcels go to Ray's store by themselves, which may put them on disk; small ones travel in their bundle."""
    if sum(column.nbytes for table in parcels.values() for column in table.columns.values()) < _SMALL_BYTES:
        return parcels
    import ray

    return ray.put(parcels)


def _get(held: Any) -> Parcels:
    if isinstance(held, dict):
        return held
    import ray

    return ray.get(held)


class RayEngine:
    """Runs protocols on Ray actors.

    workers: how many actors (default: the CPUs Ray sees). address: "local" starts Ray on this machine; else a running
    cluster's address. kernels: as for `LocalEngine`. recoveries: how often lost workers are replaced before giving up.
    spill: what a worker's memory is; one that would need more works on its machines range by range.

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
        self.recovered = 0
        self.rounds_replayed = 0
        self._started = not ray.is_initialized()
        self._held = ExitStack()  # folders of this machine that go with the engine
        if self._started:
            local = self._of_one_machine(workers) if address == "local" else {}
            try:
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **local)
            except (ConnectionError, RuntimeError, ValueError) as error:
                self._held.close()
                raise InputError(f"cannot start or reach Ray at {address!r}: {error}") from error
        self.workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        self.pids: list[int] = []
        self._actors: list[Any] = []
        self._shared: tuple[Protocol, Any] | None = None  # the protocol that Ray holds

    def _of_one_machine(self, workers: int | None) -> dict[str, Any]:
        """How Ray is started here. With a limit its store has half of a worker's memory, and the rest goes to disk."""
        given: dict[str, Any] = {"num_cpus": workers or os.cpu_count(), "include_dashboard": False}
        if self.spill is not None:
            store = self._held.enter_context(own_folder(self.spill.folder, "logdepth-store-"))
            given |= {"object_store_memory": max(self.spill.memory // 2, _LEAST_STORE)}
            given |= {"object_spilling_directory": str(store)}
        return given

    def close(self) -> None:
        """Let the actors go, and stop Ray if this engine started it."""
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
        self._drop()  # actors of a run before this hold the CPUs that the work waits for
        remote = self.ray.remote(_apply).options(num_cpus=1, max_retries=self.recoveries)
        try:
            return self.ray.get([remote.remote(work, item) for item in items])
        except self.ray.exceptions.RayError as error:
            cause = _cause(error, self.ray)
            raise cause if cause is not None else _gone(error) from None

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

        Without `checkpoints` they go to a temporary folder of this machine: fine on one machine; on a cluster give a
        folder that all nodes share.
        """
        spec = protocol.spec
        workers = min(self.workers, spec.num_machines)
        each = 1 if self.spill is None else self.spill.ranges(spec, workers)
        ranges = machine_ranges(spec.num_machines, workers * each)
        owners = [place * workers // len(ranges) for place in range(len(ranges))]
        account, given = Accountant(protocol, strict), as_inputs(inputs, protocol)
        ledger = account.ledger
        kernels = choose_kernels(self.kernels, spec.num_words).name
        kept = ExitStack()
        if checkpoints is None:
            folder = kept.enter_context(own_folder(Path(tempfile.gettempdir()), "logdepth-checkpoint-"))
            checkpoints = Checkpoints(folder / "saved", warn=lambda _: None)
        saves = checkpoints
        saves.begin(protocol, given, ledger)
        parts: list[Any] | None = None
        try:
            while True:
                try:
                    if not saves.has_state and parts is None and isinstance(given, TablesInHand):
                        spans = [[ranges[i] for i, owner in enumerate(owners) if owner == w] for w in range(workers)]
                        parts = [self.ray.put(given.part(span[0][0], span[-1][1])) for span in spans]
                    crew = _Actors(self.ray, self._start(protocol, ranges, owners, kernels))
                    if saves.has_state:
                        crew.ask("load_checkpoint", saves.folder, saves.state())
                    elif parts is not None:
                        calls = [a.load_tables.remote(part) for a, part in zip(crew.actors, parts, strict=True)]
                        account.holds(merge_tallies(self.ray.get(calls)))
                    else:
                        with reading(given, ledger):
                            account.holds(merge_tallies(crew.ask("load", self.ray.put(given))))
                    run_rounds(protocol, crew, account, saves, progress)
                    return finish(protocol, outputs, crew, ledger)
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
            kept.close()

    def _start(self, protocol: Protocol, ranges: list[tuple[int, int]], owners: list[int], kernels: str) -> list[Any]:
        """An actor a worker. New ones come up while Ray takes the protocol in."""
        count = owners[-1] + 1
        remote = self.ray.remote(Worker).options(num_cpus=1, max_restarts=0, max_task_retries=0)
        self._actors += [remote.remote() for _ in range(count - len(self._actors))]
        if self._shared is None or self._shared[0] is not protocol:
            self._shared = protocol, self.ray.put(protocol)
        actors, shared = self._actors[:count], self._shared[1]
        shelves = self.spill.folder if self.spill is not None and len(ranges) > count else None
        given = ranges, owners, kernels, shelves
        self.pids = self.ray.get([actor.begin.remote(shared, index, *given) for index, actor in enumerate(actors)])
        return actors

    def _drop(self) -> None:
        """Let all actors go, and the protocol, which may have been lost with them."""
        for actor in self._actors:
            self.ray.kill(actor)
        self._actors, self._shared = [], None


class _Actors:
    """The workers' actors as a crew: what they mail each other travels as references, the driver sees counts."""

    def __init__(self, ray: Any, actors: list[Any]) -> None:
        self.ray, self.actors = ray, actors
        self._steps = [actor.step.options(num_returns=len(actors) + 1) for actor in actors]
        self._bundles: list[list[Any]] = []

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        """One method of every actor, all at once."""
        return self.ray.get([getattr(actor, method).remote(*arguments) for actor in self.actors])

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


def _gone(error: Any) -> InputError:
    return InputError(f"the Ray cluster or its workers went away: {str(error).splitlines()[0]}")


def _cause(error: Any, ray: Any) -> BaseException | None:
    """The user's own exception behind a failed step; None if workers or objects were lost."""
    if isinstance(error, ray.exceptions.RayTaskError):
        cause = error.cause
        if not isinstance(cause, ray.exceptions.RayError):
            return cause
    return None
