"""A training step of the modern model against GPT2Model of the same shape: same batch, same optimizer, alternating.

Also: our batched Muon against torch's, and how much of a step the sampler takes. One thread by default, as in a sweep.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import torch
from torch import nn

from logdepth.models.build import build_model
from logdepth.models.config import ModelConfig
from logdepth.records import Record
from logdepth.train.batches import Batches
from logdepth.train.config import TrainConfig
from logdepth.train.losses import loss_of
from logdepth.train.muon import Muon
from logdepth.train.optimizers import build_optimizers
from logdepth.train.recipes import fast, paper
from measure import save

ROUNDS = 15


def fastest(steps: dict[str, Callable[[], None]]) -> dict[str, float]:
    """The least seconds of each over rounds in which they take turns."""
    best = dict.fromkeys(steps, float("inf"))
    for turn in range(ROUNDS + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if turn:
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def step_of(config: TrainConfig, *, compiled: bool = False) -> Callable[[], None]:
    """One optimizer step on a batch, the same each time."""
    torch.manual_seed(0)
    model = build_model(config.model).train()
    optimizers = build_optimizers(config, model)
    ids, targets, hops = (None if a is None else torch.from_numpy(a) for a in Batches(config)[0])
    assert ids is not None and targets is not None

    loss_for = torch.compile(loss_of) if compiled else loss_of

    def step() -> None:
        loss_for(config, model, ids, targets, hops).backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()

    return step


def step_time(depth: int) -> list[Record]:
    plain = {"auxiliary_weight": 0.0, "optimizer": "adamw"}
    shape = {"hidden_dim": 512, "positions": "learned"}
    without = paper(depth)
    no_dropout = ModelConfig(**{**without.to_json()["model"], "dropout": 0.0})
    steps = {
        "gpt2": step_of(TrainConfig(no_dropout, optimizer="adamw")),
        "gpt2, dropout 0.1": step_of(without),
        "gpt2, torch.compile": step_of(TrainConfig(no_dropout, optimizer="adamw"), compiled=True),
        "modern, learned positions": step_of(fast(depth, **plain, **shape)),
        "modern, rope": step_of(fast(depth, **plain, hidden_dim=512)),
        "modern, learned positions, torch.compile": step_of(fast(depth, **plain, **shape), compiled=True),
        "modern, rope, torch.compile": step_of(fast(depth, **plain, hidden_dim=512), compiled=True),
        "modern, rope, muon": step_of(fast(depth, auxiliary_weight=0.0, hidden_dim=512)),
        "recipe fast": step_of(fast(depth)),
    }
    found = fastest(steps)
    common = {"layers": depth, "width": 128, "heads": 4, "batch": 32, "slots": 99, "threads": torch.get_num_threads()}
    rows = []
    for name, seconds in found.items():
        values = {"milliseconds": round(1000 * seconds, 1), "ratio_to_gpt2": round(seconds / found["gpt2"], 3)}
        rows.append(Record("step", {"model": name, **common}, values))
    return rows


def muon_time() -> list[Record]:
    shapes = [(384, 128), (128, 128), (512, 128), (128, 512)] * 4
    ours = [nn.Parameter(torch.randn(shape)) for shape in shapes]
    theirs = [nn.Parameter(torch.randn(shape)) for shape in shapes]
    for parameter in [*ours, *theirs]:
        parameter.grad = torch.randn_like(parameter)
    steps: dict[str, Callable[[], None]] = {"ours": Muon(ours).step, "torch": torch.optim.Muon(theirs).step}
    found = fastest(steps)
    values = {name: round(1000 * seconds, 1) for name, seconds in found.items()}
    return [Record("muon", {"matrices": 16, "threads": torch.get_num_threads(), "unit": "milliseconds"}, values)]


def sampler_share() -> list[Record]:
    rows = []
    for name, config in (("fast", fast()), ("paper", paper())):
        batches = Batches(config)
        step = step_of(config)
        places = iter(range(10_000))
        found = fastest({"step": step, "batch": lambda batches=batches, places=places: batches[next(places)]})
        values = {
            "batch_milliseconds": round(1000 * found["batch"], 3),
            "share": round(found["batch"] / (found["batch"] + found["step"]), 5),
        }
        rows.append(Record("sampler share", {"recipe": name, "threads": torch.get_num_threads()}, values))
    return rows


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    save("step", [*step_time(4), *muon_time(), *sampler_share()])
