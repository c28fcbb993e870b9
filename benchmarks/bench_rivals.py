"""A training step of every rival against torch's own LSTM of the same shape, interleaved, in processor seconds.

Beside `mamba2` and `deltanet` stand the products of matrices that they cannot do without, nothing between them: what no
way of writing the rest can beat.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from logdepth.experiments.contenders import CONTENDERS
from logdepth.models.build import build_model
from logdepth.records import Record
from logdepth.train.recipes import plain
from measure import save

LAYERS, WIDTH, BATCH, SLOTS, CLASSES, RUNS = 2, 128, 32, 99, 30, 7


class TorchLstm(nn.Module):
    """Embedding, torch's stack of LSTMs, readout."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.unembed = nn.Embedding(CLASSES, WIDTH), nn.Linear(WIDTH, CLASSES, bias=False)
        self.lstm = nn.LSTM(WIDTH, WIDTH, LAYERS, batch_first=True)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.unembed(self.lstm(self.tokens(ids))[0])


def step(model: nn.Module) -> Callable[[], None]:
    """Forward and backward over one batch."""
    ids = torch.randint(0, CLASSES, (BATCH, SLOTS), generator=torch.Generator().manual_seed(0))

    def run() -> None:
        model.zero_grad(set_to_none=True)
        functional.cross_entropy(model(ids).flatten(0, 1), ids.flatten()).backward()

    return run


def products(family: str) -> Callable[[], None]:
    """The products of matrices of a step of `mamba2` or `deltanet`, forward and backward, into room that is there."""
    rows = BATCH * SLOTS
    if family == "mamba2":  # 8 heads of 32, 32 numbers of state: in, out; pairs c b^T once, then two products a head
        linear, heads = [(WIDTH, 2 * 2 * WIDTH + 2 * 32 + 8), (2 * WIDTH, WIDTH)], 8
        pairs = {"across": 1 + heads, "along": 2 + 2 * heads}
    else:  # 4 heads of 32: in, out, hidden layer there and back; pairs k k^T, q k^T and their gradients
        linear, heads = [(WIDTH, 4 * WIDTH + 8), (WIDTH, WIDTH), (WIDTH, 2 * WIDTH), (2 * WIDTH, WIDTH)], 4
        pairs = {"across": 4 * heads, "along": 8 * heads}  # the solves of triangles counted as products
    whole = [(rows, WIDTH, CLASSES)] + LAYERS * [(rows, one, other) for one, other in linear]
    kinds = []
    for m, k, n in whole:
        for left, right in (((m, k), (k, n)), ((m, n), (n, k)), ((k, m), (m, n))):
            kinds.append((torch.randn(left), torch.randn(right), torch.empty(left[0], right[1])))
    rows_of, square = torch.randn(BATCH, SLOTS, 32), torch.randn(BATCH, SLOTS, SLOTS)
    across, along = torch.empty(BATCH, SLOTS, SLOTS), torch.empty(BATCH, SLOTS, 32)

    def run() -> None:
        for left, right, out in kinds:
            torch.mm(left, right, out=out)
        for _ in range(LAYERS * pairs["across"]):
            torch.bmm(rows_of, rows_of.transpose(1, 2), out=across)
        for _ in range(LAYERS * pairs["along"]):
            torch.bmm(square, rows_of, out=along)

    return run


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    families = dict.fromkeys(made.family for made in CONTENDERS if made.family != "cot")
    steps = {"torch's LSTM": step(TorchLstm())}
    for family in families:
        steps[family] = step(build_model(plain(LAYERS, family=family, embed_dim=WIDTH).model).train())
    steps |= {f"products of {family}": products(family) for family in ("mamba2", "deltanet")}
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(RUNS):
        for name, run in steps.items():
            began = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - began)
    shape = {"layers": LAYERS, "width": WIDTH, "batch": BATCH, "slots": SLOTS, "threads": 1}
    records = []
    for name, seconds in best.items():
        values = {"milliseconds": round(1000 * seconds, 1), "of_lstm": round(seconds / best["torch's LSTM"], 2)}
        records.append(Record("rival step", {"family": name, **shape}, values))
    save("rivals", records)


if __name__ == "__main__":
    main()
