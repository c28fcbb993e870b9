"""`verify`: compile a folder's graph again and compare every file; then reload it with stock Hugging Face code and
compare its answers with what the program says."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.compiled.answers import Tally, expected_ids
from logdepth.compiled.chains import ask, chain_tokens, questions_of, right_chains
from logdepth.compiled.contents import FORMAT, WEIGHTS
from logdepth.compiled.folder import Folder, other_files, read_folder
from logdepth.compiled.hub import check_dtype, load_model
from logdepth.compiled.recompile import differences
from logdepth.compiled.running import MEMORY, Room, Sizes, logits_by_pieces, room
from logdepth.compiled.samples import SECONDS, affordable, batches, random_string, seconds_of
from logdepth.compiled.task import instances_of
from logdepth.compiled.ways import WAYS, wrong_by_way
from logdepth.errors import FolderError, InputError
from logdepth.rng import rng_for
from logdepth.summary import TwoLines
from logdepth.tasks.chains import ChainTask

__all__ = ["Verification", "random_string", "verify"]

ATTENTION = ("eager", "sdpa")
_WAYS_ROWS = 8
_WAYS_SECONDS = 12.0
_CHAINS_SECONDS, _LEAST_CHAINS, _MOST_CHAINS = 8.0, 8, 100
_OUTSIDE = "not covered: another dtype (.half(), .bfloat16()), autocast, TF32, padding on the left without position_ids"


@dataclass(frozen=True, repr=False)
class Verification(TwoLines):
    """What `verify` saw.

    differences: what in the folder is not what its graph compiles to, each named. checks: wrong positions by way of
    running (attention, padding, cache). dtype: what it ran in; the certificate covers `certified_dtype` alone.
    `certified_margin` is the certificate's; the least margin seen may not be below it.
    """

    folder: str
    differences: list[str]
    weights_intact: bool
    sequences: int
    positions: int
    wrong: int
    least_margin: float
    certified_margin: float
    checks: dict[str, int]
    first_wrong: str
    seconds: float
    dtype: str
    certified_dtype: str
    device: str = "cpu"
    notes: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether the folder is what its graph compiles to, and every answer was right, by the margin proved."""
        return (
            not self.differences
            and self.weights_intact
            and self.positions > 0
            and self.wrong == 0
            and not any(self.checks.values())
            and self.least_margin >= self.certified_margin
        )

    @property
    def covered(self) -> bool:
        """Whether the certificate is about the dtype that the model ran in."""
        return self.dtype == self.certified_dtype

    @property
    def ok(self) -> bool:
        """Whether everything is as certified."""
        return self.covered and self.right

    @property
    def verdict(self) -> str:
        if self.ok:
            return "verified"
        if self.covered:
            return "NOT VERIFIED"
        seen = "right where it was tried" if self.wrong == 0 else "wrong answers"
        return f"NOT COVERED: the certificate is about {self.certified_dtype}, not {self.dtype} ({seen})"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        margin = self.least_margin if math.isfinite(self.least_margin) else None
        return {"ok": self.ok, **asdict(self), "least_margin": margin}

    def summary(self) -> tuple[str, str]:
        return (
            f"{self.folder}: {self.verdict}",
            f"{len(self.differences)} differences, {self.wrong:,} wrong of {self.positions:,} positions, {self.dtype}",
        )

    def __str__(self) -> str:
        many = len(self.differences)
        lines = [
            f"{self.folder}: {self.verdict}",
            "  files          "
            + (f"{many} differences from what the graph compiles to" if many else "as compiled again, every byte"),
            "  weights        "
            + ("SHA-256 as written" if self.weights_intact else "SHA-256 DIFFERS: they were changed"),
        ]
        lines[2:2] = [f"    {difference}" for difference in self.differences[:20]]
        if self.positions:
            lines += [
                f"  positions      {self.wrong:,} wrong of {self.positions:,}, {self.sequences:,} sequences, "
                f"{self.dtype}",
                f"  least margin   {self.least_margin:.6f} (certified {self.certified_margin:.6f})",
                "  same answers   " + "; ".join(f"{n}: {w} wrong" if w else n for n, w in self.checks.items()),
            ]
        lines.append(f"  time           {self.seconds:.1f} s on {self.device}")
        if self.first_wrong:
            lines.append(f"  first wrong    {self.first_wrong}")
        lines += [f"  note           {note}" for note in self.notes]
        return "\n".join(lines)


def verify(
    folder: str | Path,
    *,
    samples: int | None = None,
    seed: int = 0,
    device: str | None = None,
    dtype: str | None = None,
    memory: int = MEMORY,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Compile the stored graph again and compare every file, then reload the folder with stock code and compare its
    answers with the program's (and, where it computes a task, with that task's own solver). No code out of the folder
    is run.

    Sequences: uniform, the task's own or without adjacent repeats, all equal, two symbols, periodic; every header in
    turn. They have the full length, which checks their prefixes, too; some are run padded and through the cache. Models
    that think also `generate` chains, with the cache and without.
    `samples` defaults to what a fixed budget of work allows, 1,000 at most. `dtype`: load the model in another than it
    was saved in; the certificate does not cover that, so the answer is never "verified". `memory`: bytes to work in,
    beside the weights.
    `progress` is called with (done, total).

    Raises `InputError` for an argument or device that cannot be, `FolderError` for what is not a whole compiled model,
    does not load, or is of an older format; wrong answers and changed files are reported, not raised.
    """
    began = time.perf_counter()
    for name, value in (("samples", samples), ("memory", memory)):
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}; it must be at least 1")
    check_dtype(dtype)
    found = read_folder(folder, changed=True)
    if found.description["format"] != FORMAT:
        raise FolderError(
            f"{folder}: format {found.description['format']}, written by logdepth {found.description['logdepth']}, "
            "has too little in it to be verified; compile it again"
        )
    listed = differences(found)
    run = _Run(found, samples, seed, device, dtype, memory, progress, bool(listed))
    why_not = _not_to_be_loaded(found, listed)
    if not why_not:
        try:
            run.all()
        except FolderError as error:
            of_weights = [difference for difference in listed if difference.startswith(WEIGHTS)]
            raise FolderError(f"{error}{f'; {(of_weights or listed)[-1]}' if listed else ''}") from error
    else:
        run.notes.append(f"not run: {why_not}")
    beside = other_files(found.path)[1]
    if beside:
        run.notes.append(f"also in the folder, and not looked at: {', '.join(beside[:5])}")
    return Verification(
        folder=str(folder),
        differences=listed,
        weights_intact=found.weights_intact,
        sequences=run.done,
        positions=run.tally.positions,
        wrong=run.tally.wrong,
        least_margin=run.tally.margin,
        certified_margin=float(found.description["certificate"]["margin"]),
        checks=run.checks,
        first_wrong=run.tally.first_wrong,
        seconds=time.perf_counter() - began,
        dtype=run.dtype,
        certified_dtype=found.dtype,
        device=run.device,
        notes=[*run.notes, _OUTSIDE],
    )


def _not_to_be_loaded(found: Folder, listed: list[str]) -> str:
    """Why stock code should not even load it: what it reads besides the weights is not what was written."""
    stock = found.target.stock
    sizes = (stock.layers, stock.heads, stock.width, stock.inner, stock.slots)
    for difference in listed:
        if difference.startswith(
            tuple(f"config.json: {name}" for name in (*sizes, "vocab_size", "model_type", "architectures"))
        ):
            first = "" if difference == listed[0] else f"{listed[0]}; "
            raise FolderError(f"{found.path}: {first}{difference}: the weights do not load")
    reads = ("config.json", "generation_config.json", *other_files(found.path)[0])
    return next((difference for difference in listed if difference.startswith(reads)), "")


class _Run:
    """The stock model on samples, one kind of attention after the other."""

    def __init__(
        self,
        found: Folder,
        samples: int | None,
        seed: int,
        device: str | None,
        dtype: str | None,
        memory: int,
        progress: Callable[[int, int], None] | None,
        doubtful: bool,
    ) -> None:
        self.found, self.samples, self.seed, self.memory = found, samples, seed, memory
        self.device, self.dtype = device or "cpu", dtype or found.dtype
        self.asked = (device, dtype)
        self.progress, self.doubtful = progress, doubtful
        self.tally, self.checks, self.done, self.notes = Tally(), {}, 0, []
        self.task = None if doubtful else instances_of(found)

    def all(self) -> None:
        for number, attention in enumerate(ATTENTION):
            model = load_model(self.found.path, attention, *self.asked, self.found.target.name)
            weight = next(model.parameters())
            self.device, self.dtype = str(weight.device), str(weight.dtype).removeprefix("torch.")
            self._attention(number, attention, model, weight.element_size())
            del model  # one at a time: the weights may be large

    def _attention(self, number: int, attention: str, model: Any, itemsize: int) -> None:
        found, setting, stock = self.found, self.found.graph.setting, self.found.target.stock
        sizes = Sizes.of(model.config, stock)
        total = self.samples or affordable(sizes, setting.length + 1, itemsize)
        rows, length = _of_ways(sizes, setting.length, itemsize)
        if number == 0:
            self._say_what_is_chosen(total, seconds_of(sizes, setting.length + 1, itemsize), length)
        whole = total + 2 * rows
        fit = room(sizes, setting.length + 1, itemsize, self.memory, whole=not stock.cached)
        middle = -(-total // 2)
        numbers = range(middle) if number == 0 else range(middle, total)
        causal = found.graph.causal
        for strings, header in batches(setting, numbers, fit.rows, self.seed, causal=causal, task=self.task):
            tokens = found.vocabulary.encode(strings, header)
            want = expected_ids(found, strings, header, solver=not self.doubtful)
            for first, scores in logits_by_pieces(model, tokens, min(fit.slots, tokens.shape[1])):
                self.tally.add(scores, want, tokens, first)
                del scores  # before the next are made
            self.done += len(strings)
            self._report(self.done + number * rows, whole)
        fit = room(sizes, length + 1, itemsize, self.memory, whole=not stock.cached)
        self._ways(attention, model, fit, rows, length)
        if setting.chain is not None:
            self._chains(attention, model, seconds_of(sizes, setting.length + 1, itemsize))
        self._report(self.done + (number + 1) * rows, whole)

    def _ways(self, attention: str, model: Any, fit: Room, rows: int, length: int) -> None:
        setting = self.found.graph.setting
        strings, header = next(batches(setting, range(rows), rows, self.seed + 1, length, task=self.task))
        lengths = rng_for(self.seed, "verify", "ways").integers(1, length + 1, rows)
        lengths[0] = length
        tokens = self.found.vocabulary.encode(strings, header)
        want = expected_ids(self.found, strings, header, solver=not self.doubtful)
        of_cut = want if self.found.graph.causal else self._of_cut(strings, header, lengths)
        for way, wrong in wrong_by_way(self.found, model, fit, tokens, want, lengths, of_cut).items():
            self.checks[f"{attention}{way}"] = wrong

    def _chains(self, attention: str, model: Any, seconds: float) -> None:
        """Chains as `generate` writes them, with the cache and without, against the interpreter's, the definition's and
        a solver's that writes none."""
        task = self.task if isinstance(self.task, ChainTask) else None
        again = seconds * (chain_tokens(self.found).steps + 2)  # without a cache every token costs all before it
        few = max(_LEAST_CHAINS, min(_MOST_CHAINS, int(_CHAINS_SECONDS / again)))
        asked = questions_of(self.found, _MOST_CHAINS, self.seed, task=task)
        want = right_chains(self.found, asked, task)
        for use_cache, way, count in ((True, "generate", len(asked)), (False, "generate without cache", few)):
            try:
                written = ask(model, self.found, asked[:count], use_cache=use_cache, memory=self.memory)
            except FolderError as error:
                self.checks[f"{attention}, {way}"] = count
                self.tally.first_wrong = self.tally.first_wrong or str(error)
                continue
            self.checks[f"{attention}, {way}"] = sum(a != b for a, b in zip(written, want[:count], strict=True))
        if attention == ATTENTION[0]:
            self.notes.append(
                f"{len(asked)} chains of up to {max(map(len, want))} tokens were generated, {few} of them also without "
                "the cache"
            )

    def _of_cut(self, strings: np.ndarray, header: np.ndarray | None, lengths: np.ndarray) -> np.ndarray:
        """The right ids of rows cut to `lengths` symbols, where answers depend on what comes later."""
        want = np.zeros((len(strings), strings.shape[1] + 1), np.int64)
        for row, length in enumerate(lengths):
            one = slice(row, row + 1)
            head = None if header is None else header[one]
            want[one, : length + 1] = expected_ids(self.found, strings[one, :length], head, solver=not self.doubtful)
        return want

    def _say_what_is_chosen(self, total: int, seconds: float, length: int) -> None:
        setting = self.found.graph.setting
        prefixes = " (each checks all of its prefixes)" if self.found.graph.causal else " or fewer"
        if self.samples is None and total < 1000:
            self.notes.append(
                f"{total} sequences of {setting.length:,} symbols{prefixes}: what "
                f"{SECONDS:.0f} s of work allow, at about {seconds:.1f} s each; --samples gives another number"
            )
        if length < setting.length:
            ways = "padding and the cache were" if self.found.target.stock.cached else "padding was"
            self.notes.append(f"{ways} tried on sequences of {length:,} symbols")
        if total < setting.header_size:
            self.notes.append(f"headers 0..{total - 1} were tried, of 0..{setting.header_size - 1}")

    def _report(self, done: int, total: int) -> None:
        if self.progress:
            self.progress(done, total)


def _of_ways(sizes: Sizes, length: int, itemsize: int) -> tuple[int, int]:
    """(rows, length) of the sequences that are run in every way: 8 whole ones, or 2 and as long as can be afforded."""
    runs = len(ATTENTION) * len(WAYS)
    if _WAYS_ROWS * runs * seconds_of(sizes, length + 1, itemsize) <= _WAYS_SECONDS:
        return _WAYS_ROWS, length
    while length > 64 and 2 * runs * seconds_of(sizes, length + 1, itemsize) > _WAYS_SECONDS:
        length //= 2
    return 2, length
