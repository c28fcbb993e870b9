"""An input to plan for, opened: how `run` would take it, and samples of it in that form, run in this process."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.errors import InputError, SpecError
from logdepth.graphs.parts.listing import is_partitioned, kind_of
from logdepth.graphs.parts.survey import PartsSurvey, survey
from logdepth.graphs.parts.units import unpack_names
from logdepth.graphs.samples import EdgePool, EdgeSample, Pools, pool_of_graph, read_pools, thinned
from logdepth.jobs.parted_job import LARGE
from logdepth.jobs.passes import Place, chances, passes, watch
from logdepth.mpc.engine import LocalEngine
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.spec import Spec
from logdepth.protocols import Problem
from logdepth.protocols.inputs.graphs import GRAPH, WEIGHTED_GRAPH
from logdepth.protocols.inputs.input import Size, Source
from logdepth.protocols.parted import AnswerPlace, Parted

DENSER = 0.9  # vertices an edge, of the file's: with fewer said, the file is a thinned one
LEAST_WORDS = 64  # of slack a machine: what the smallest samples need to be sorted


@dataclass(frozen=True)
class Trial:
    """A sample and what its run cost. Busiest: words of the busiest machine, added up over rounds."""

    how: str
    edges: int
    cut: float
    merged: float
    input_words: int
    num_rounds: int
    peak_words: int
    moved_words: int
    busiest_words: int
    seconds: float
    loops: Mapping[Place, float]
    choices: Mapping[Place, float]


@dataclass(frozen=True)
class LikeInput:
    """What `--like` names. edges, vertices: of the input to plan for; isolated vertices count where they were said.

    said: the vertices, if they were. found: of an input in parts, what was seen of it; None where `run` would take one
    file. file_edges: of what was named, which may be a small part of the input.
    """

    problem: Problem
    pools: Pools
    edges: int
    vertices: int
    said: int | None
    file_edges: int
    found: PartsSurvey | None

    def config(self) -> dict[str, Any]:
        """Of the input to plan for."""
        return self._config(self.edges, self.vertices, self.found)

    def words(self) -> int:
        return self._words(self.config())

    def protocol(self, spec: Spec) -> Protocol:
        """For the input to plan for. Raises `SpecError`, with the least memory, where machines are too small."""
        try:
            return self._protocol(spec, self.config())
        except SpecError:
            least = self.least_memory(spec)
            raise SpecError(
                f"{spec.num_machines:,} machines of {spec.local_memory:,} words are too small for "
                f"{self.problem.name}: each needs at least {least:,} words"
            ) from None

    def least_memory(self, spec: Spec) -> int:
        """Words a machine for which the protocol can be put together."""
        return self._form.least_memory(spec, self.config())

    def trial(
        self, sample: EdgeSample, pool: EdgePool, machines: int, slack: float, target: Spec | None = None
    ) -> Trial:
        """Run the protocol on a sample. slack: words of memory for each of its input's, over all machines together.

        target: the machines themselves, for the input itself.
        """
        share = sample.num_edges / max(self.edges, 1)
        with self._placed(sample, pool, round(self.vertices * share)) as (vertices, found, data):
            config = self._config(sample.num_edges, vertices, found)
            words = self._words(config)
            memory = max(int(slack * words / machines), LEAST_WORDS * self.problem.slack)
            spec = target or Spec(machines, memory, words)
            try:
                protocol = self._protocol(spec, config)
            except SpecError:
                spec = Spec(machines, self._form.least_memory(spec, config), words)
                protocol = self._protocol(spec, config)
            watched, counts = watch(protocol)
            engine, began = LocalEngine(kernels="numba"), time.process_time()
            if found is None:
                ledger = engine.run(watched, self.problem.place(spec, data), strict=False).ledger
            else:
                inputs, outputs = (
                    self._parted.inputs(spec, found, None if self.said is None else vertices),
                    self._parted.outputs(config, spec, AnswerPlace()),
                )
                ledger = engine.run(watched, inputs, strict=False, outputs=outputs).ledger
            seconds = time.process_time() - began
        rows = ledger.rounds
        return Trial(
            how=sample.how,
            edges=sample.num_edges,
            cut=round(sample.cut, 4),
            merged=sample.merged,
            input_words=words,
            num_rounds=len(rows),
            peak_words=max((max(r.max_words_held, r.max_words_sent, r.max_words_received) for r in rows), default=0),
            moved_words=sum(row.words_sent - row.words_kept for row in rows),
            busiest_words=sum(
                max(row.max_words_sent, row.max_words_received) - row.words_kept // machines for row in rows
            ),
            seconds=seconds,
            loops=passes(counts),
            choices=chances(counts),
        )

    @property
    def _parted(self) -> Parted:
        assert self.problem.parted is not None
        return self.problem.parted

    def _config(self, edges: int, vertices: int, found: PartsSurvey | None) -> dict[str, Any]:
        if found is None:
            return self.problem.input.sized(Size(vertices, edges))
        return self._parted.config(replace(found, num_edges=edges), None if self.said is None else vertices)

    def _words(self, config: dict[str, Any]) -> int:
        return self.problem.words(config) if self.found is None else self._parted.words(config)

    def _protocol(self, spec: Spec, config: dict[str, Any]) -> Protocol:
        return self._form.protocol(spec, **config)

    @property
    def _form(self) -> Problem:
        """With the protocol that `run` would take."""
        return self.problem if self.found is None else replace(self.problem, protocol=self._parted.protocol)

    @contextmanager
    def _placed(self, sample: EdgeSample, pool: EdgePool, wanted: int) -> Iterator[tuple[int, PartsSurvey | None, Any]]:
        """(vertices, the sample in parts, the sample as a graph): one of both, as the input would be given."""
        from logdepth.graphs.graph import Graph, index_dtype

        seen = np.zeros(pool.num_vertices, bool)
        seen[sample.tail] = seen[sample.head] = True
        used = int(np.count_nonzero(seen))
        if self.found is None or self.said is not None:
            vertices = max(used, wanted)  # isolated ones among the others
            number = ((np.cumsum(seen) - 1) * vertices // max(used, 1)).astype(index_dtype(vertices))
            tail, head = number[sample.tail], number[sample.head]
            if self.found is None:
                weight = None if pool.weight is None else pool.weight[sample.rows]
                yield vertices, None, Graph(np.arange(vertices), tail, head, weight)
                return
            with _in_parts([tail, head], None) as found:
                yield vertices, found, None
            return
        words = [pool.ids[:, end] for end in (sample.tail, sample.head)]
        with _in_parts(words, self.found) as found:
            yield used, replace(found, width=self.found.width), None


@contextmanager
def _in_parts(ends: list[np.ndarray], like: PartsSurvey | None) -> Iterator[PartsSurvey]:
    """Edges in a temporary file, as `run` would find them: .npy, or Parquet where ids are names."""
    from logdepth.graphs.write import write_table

    with tempfile.TemporaryDirectory(prefix="logdepth-sample-") as folder:
        if like is not None and like.names:
            columns = {}
            for name, words in zip(("tail", "head"), ends, strict=True):
                columns[name] = np.empty(words.shape[1], object)
                columns[name][:] = unpack_names(words)
            write_table(Path(folder) / "edges.parquet", columns)
        else:
            np.save(Path(folder) / "edges.npy", np.stack([end.reshape(-1) for end in ends], axis=1))
        yield survey(folder, _in_turn, folder=folder)


def _in_turn(work: Callable[[Any], Any], items: Any) -> list[Any]:
    return [work(item) for item in items]


def open_like(
    problem: Problem,
    source: str,
    rng: np.random.Generator,
    *,
    edges: int | None = None,
    vertices: int | None = None,
    ids: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    most_edges: int | None = None,
    largest: int = 0,
) -> LikeInput:
    """Look at the input and read what samples of `largest` edges are drawn from.

    At most `most_edges` of its edges are held (`pool.MOST_EDGES`).

    edges, vertices: of the input to plan for, if what is named is a small part or a small kind of it. Raises
    `InputError` for a problem that takes no graph, an input that cannot be read or has no edges.
    """
    if problem.input not in (GRAPH, WEIGHTED_GRAPH):
        raise InputError(
            f"--like is for problems on graphs (connectivity, msf, ..); {problem.name} takes {problem.input.name}: say "
            f"its size with {' and '.join(f'--{name}' for name in problem.input.measures) or 'its parameters'}"
        )
    parts = is_partitioned(source)
    if parts and problem.parted is None:
        raise InputError(f"{source} is an input in parts, which {problem.name} does not read: give one file")
    if source == "-":
        raise InputError("--like reads its input more than once, and standard input cannot be: write it to a file")
    more = {} if most_edges is None else {"most_edges": most_edges}
    found = None
    with tempfile.TemporaryDirectory(prefix=".logdepth-unpacked-") as folder:
        if parts or (kind_of(source) is not None and problem.input is GRAPH and os.path.isfile(source)):
            found = survey(source, _in_turn, folder=folder, ids=ids)
            pools = read_pools(found, rng, progress=progress, largest=largest, **more)
            known, counted = found.num_edges, round(pools.spread.vertices_of_input())
            bytes_of_input = found.num_bytes * (edges or known) / max(known, 1)
            if not parts and (problem.parted is None or bytes_of_input < LARGE):
                found = None
        else:
            graph = problem.input.read(Source(source))
            pools, known, counted = pool_of_graph(graph), graph.num_edges, graph.num_vertices
            if ids is not None:
                raise InputError(f"--ids is for a graph in parts; {source} is one file")
    if not known:
        raise InputError(f"{source} has no edges: there is nothing to draw a sample from")
    wanted = edges or known
    if vertices is None:
        vertices = max(round(counted * wanted / known), 1)
        said = None
    else:
        said = vertices
        if wanted > known and vertices * known < DENSER * counted * wanted:
            pools = thinned(pools, wanted, vertices)
    return LikeInput(problem, pools, wanted, vertices, said, known, found)
