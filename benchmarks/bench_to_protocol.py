"""Transformers as protocols: the faithful form, tiles on GPT-2's own shape, rounds and words against s, p-bit words.

`plot_to_protocol.py` draws the rows of the third kind. GPT-2's shape has random weights; it needs about 6 GiB. `--ray`
for its rows alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from logdepth import compile
from logdepth.jobs.opened_model import OpenedModel, open_model
from logdepth.mpc import Engine, LocalEngine, Table
from logdepth.mpc.ray_engine import RayEngine
from logdepth.programs import khop_rank
from logdepth.records import Record
from logdepth.simulation.from_huggingface import from_huggingface
from logdepth.simulation.transformer_to_protocol import Simulation, transformer_to_protocol
from logdepth.simulation.word_bits import find_words, precision_bound
from logdepth.tasks.khop import random_strings
from logdepth.train.loop import train
from logdepth.train.recipes import fast
from measure import save

PAIRS = 4
WORDS = [(64, "float"), (32, "float"), (16, "float"), (16, "bfloat"), (64, "fixed"), (32, "fixed"), (16, "fixed")]


def gpt2(**sizes: int) -> OpenedModel:
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=0, eos_token_id=0)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.02 * torch.randn_like(parameter)
    return OpenedModel("", "stock", model)


def timed_run(made: Simulation, tokens: np.ndarray, engine: Engine, runs: int) -> tuple[Any, float]:
    """The last of so many runs, and the seconds of the shortest."""
    inputs, best = made.place(tokens), float("inf")
    for _ in range(runs):
        began = time.perf_counter()
        run = engine.run(made.protocol, inputs)
        best = min(best, time.perf_counter() - began)
    return run, best


def clocked(
    made: Simulation,
    inputs: Mapping[str, Table],
    engine: Engine,
    times: list[tuple[float, float]],
    workers: Callable[[], list[int]] = list,
) -> Any:
    """A run; its seconds, and the seconds of processors, this one's and its workers', are noted in `times`."""
    before, began = process_time() + sum(map(used, workers())), time.perf_counter()
    run = engine.run(made.protocol, inputs)
    seconds = time.perf_counter() - began
    times.append((seconds, process_time() + sum(map(used, workers())) - before))
    return run


def used(pid: int) -> float:
    """Seconds of processors that a process has used so far."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def faithful() -> list[Record]:
    """A small GPT-2: 4 layers, width 128, 4 heads, 99 tokens; and the same with every kind of words."""
    opened = gpt2(vocab_size=30, n_positions=100, n_embd=128, n_layer=4, n_head=4)
    tokens = np.random.default_rng(0).integers(0, 30, 99)
    models = {dtype: from_huggingface(opened.model, dtype=dtype) for dtype in (np.float64, np.float32)}
    want, records = opened.reference(tokens), []
    for bits, kind in WORDS:
        words = find_words(bits, kind)
        for branching, fused in [(4, False), (4, True), (2, False)] if kind == "float" and bits > 16 else [(4, False)]:
            made = transformer_to_protocol(
                models[words.arithmetic.type], 99, form="faithful", branching=branching, fused=fused, words=words
            )
            run, seconds = timed_run(made, tokens, LocalEngine(), 3)
            total, depth = run.ledger.summary(), made.plan.machines.depth
            bound = precision_bound(branching, depth, bits, 99)
            values = {
                "rounds": total["num_rounds"], "machines": total["num_machines"], "memory": total["local_memory"],
                "tree_depth": depth, "max_words": max(total["max_words_sent"], total["max_words_received"]),
                "difference": float(np.abs(run.result - want).max()), "largest_logit": float(np.abs(want).max()),
                "different_answers": int((run.result.argmax(-1) != want.argmax(-1)).sum()),
                "bound_log2": bound.log2, "bound_says_nothing": bound.vacuous, "seconds": seconds,
            }  # fmt: skip
            records.append(
                Record("faithful", {"words": words.name, "branching": branching, "fused": fused, "tokens": 99}, values)
            )
    return records


def blocked() -> list[Record]:
    """GPT-2's own shape, 512 tokens, float32: in this process, and on Ray with two workers, in alternation.

    Ray's first run starts the workers and hands them the weights; Ray itself is up. `cpu` of the first has the workers'
    start with it.
    """
    opened = gpt2()
    tokens = np.random.default_rng(0).integers(0, 50257, 512)
    made = transformer_to_protocol(from_huggingface(opened.model, dtype=np.float32), 512)
    inputs, times = made.place(tokens), {"local": [], "ray": []}
    with RayEngine(workers=2) as ray:
        for _ in range(PAIRS):
            run = clocked(made, inputs, LocalEngine(), times["local"])
            remote = clocked(made, inputs, ray, times["ray"], lambda: ray.pids)
    want, total = opened.reference(tokens), run.ledger.summary()
    assert run.ledger.without_clock() == remote.ledger.without_clock()
    values = {
        "rounds": total["num_rounds"], "machines": total["num_machines"], "memory": total["local_memory"],
        "words_sent": total["words_sent"], "difference": float(np.abs(run.result - want).max()),
        "ray_difference": float(np.abs(remote.result - want).max()),
    }  # fmt: skip
    (seconds, cpu), (ray_seconds, ray_cpu) = (map(list, zip(*each, strict=True)) for each in times.values())
    values |= {
        "seconds": seconds, "ray_seconds": ray_seconds, "cpu": cpu, "ray_cpu": ray_cpu,
        "load": list(os.getloadavg()),
        "first_ray_over_local": ray_seconds[0] / min(seconds), "ray_over_local": min(ray_seconds) / min(seconds),
    }  # fmt: skip
    return [Record("blocked", {"shape": "gpt2", "tokens": 512, "words": "float32", "workers": 2}, values)]


def against_memory() -> list[Record]:
    """A compiled k-hop and a trained run, tile by tile: rounds and words for s from the least to all."""
    records = []
    with tempfile.TemporaryDirectory() as folder:
        compile(khop_rank, length=255, alphabet=4, k=16).save(Path(folder) / "compiled")
        train(fast(4, length=98, max_k=16, steps=200, embed_dim=64, num_heads=4), Path(folder) / "trained")
        for name, count, first in (("compiled", 256, 4), ("trained", 99, 16)):
            opened = open_model(Path(folder) / name)
            symbols = random_strings(1, count - 1, 4, seed=0)[0] + (17 if name == "trained" else 0)
            tokens = np.concatenate([[first], symbols])
            model = opened.simulated(np.dtype(np.float64), count)
            want, memory = opened.reference(tokens), 1
            sizes = []
            for tile in [2**i for i in range(20) if 2**i < 2 * count]:
                block = model.blocks[0]
                a_token = model.embed_dim + block.query_words + block.partial_words + 2 * block.key_words
                sizes.append(tile * max(a_token, model.num_classes) + 1)
            for memory in sizes:
                made = transformer_to_protocol(model, count, memory=memory)
                run = made.run(tokens)
                total = run.ledger.summary()
                values = {
                    "rounds": total["num_rounds"], "machines": total["num_machines"], "tile": made.plan.tiles.tile,
                    "fan": made.plan.tiles.fan, "words_mailed": total["words_sent"] - total["words_kept"],
                    "max_words": max(total["max_words_sent"], total["max_words_received"]),
                    "difference": float(np.abs(run.result - want).max()),
                    "different_answers": int((run.result.argmax(-1) != want.argmax(-1)).sum()),
                }  # fmt: skip
                config = {"model": name, "tokens": count, "layers": len(model.blocks), "memory": memory}
                records.append(Record("against memory", config, values))
    return records


if __name__ == "__main__":
    if sys.argv[1:] != ["--ray"]:
        save("to_protocol", [*faithful(), *against_memory()])
    save("to_protocol_ray", blocked())
