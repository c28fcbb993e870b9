"""One task by depth, by tokens written, by loops, by blanks: hop_k of the last of N = 128 positions, k = 1 .. 64.

Every way is compiled for that k (the chain and the blanks once, for every k up to 64), run as a stock GPT-2 on the
same 150 strings (planted ones whose last position has all k hops, uniform ones with adjacent repeats, ones without),
and held against the definition. `--plot` draws `docs/figures/depth-against-steps.png` from the rows.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

import logdepth
from logdepth.compiled.chains import ask
from logdepth.compiled.folder import read_folder
from logdepth.compiled.hub import load_model
from logdepth.compiler.loops import compile_loops
from logdepth.programs import khop_blanks, khop_cot, khop_cot_wide, khop_doubling, khop_loops, khop_rank
from logdepth.records import Record, read_rows
from logdepth.rng import rng_for
from logdepth.tasks.chains import ChainQuestion
from logdepth.tasks.khop import Khop
from logdepth.tasks.khop.chain import KhopChain
from logdepth.tasks.khop.definition import solve_by_definition
from measure import ROWS, save

N, A, MOST, EACH = 128, 4, 64, 50
FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "depth-against-steps.png"


def strings_of(k: int) -> np.ndarray:
    task, rng = Khop(length=N, alphabet_size=A, k=k), rng_for(0, "depth against steps", str(k))
    return np.concatenate([task.planted_strings(k, EACH), rng.integers(0, A, (EACH, N)), task.strings(EACH)])


def row(way: str, k: int, wrong: int, seconds: float, **sizes: Any) -> Record:
    """layers: blocks of different weights. passes: of the model, one after another. in_a_row: blocks from the prompt to
    the answer that wait for each other."""
    record = Record("depth_against_steps", {"way": way, "k": k, "length": N, "alphabet": A}, {
        **sizes, "in_a_row": sizes["blocks"] * sizes["passes"], "questions": 3 * EACH, "wrong": wrong,
        "seconds": round(seconds, 3),
    })  # fmt: skip
    print(record.row(), flush=True)
    return record


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return function(), time.perf_counter() - began


def last_answers(model: Any, tokens: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        ids = torch.as_tensor(tokens)
        return (
            model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits[:, -1].argmax(-1).numpy()
        )


def by_depth(program: Any, way: str, k: int, strings: np.ndarray, want: np.ndarray, folder: str) -> Record:
    model = logdepth.compile(program, length=N, alphabet=A, k=k)
    stock = load_model(model.save(f"{folder}/{way}{k}"), "eager", "cpu")
    found, seconds = timed(lambda: last_answers(stock, model.encode(strings)))
    sizes = {"layers": model.depth, "blocks": model.depth, "passes": 1, "tokens": N + 1}
    return row(way, k, int((model.vocabulary.answers(found) != want).sum()), seconds, **sizes, **_sizes(model))


def by_loops(k: int, strings: np.ndarray, want: np.ndarray) -> Record:
    loops = k.bit_length() + 1
    model = compile_loops(khop_loops, loops, length=N, alphabet_size=A)
    config = {
        name: value for name, value in model.unrolled.config.items() if name not in ("architectures", "model_type")
    }
    stock = GPT2LMHeadModel(GPT2Config(**{**config, "n_layer": 1}, attn_implementation="eager")).eval()
    state = {name: torch.tensor(tensor, dtype=torch.float32) for name, tensor in model.unrolled.tensors.items()}
    stock.load_state_dict({name: tensor for name, tensor in state.items() if ".h." not in name or ".h.0." in name})
    stock.transformer.h = torch.nn.ModuleList([stock.transformer.h[0]] * loops)
    vocabulary = model.compilation.graph.vocabulary
    found, seconds = timed(lambda: last_answers(stock, vocabulary.encode(strings)))
    sizes = {"layers": 1, "blocks": loops, "passes": 1, "tokens": N + 1}
    sizes |= {"width": model.compilation.shape.width, "parameters": model.num_parameters}
    wrong = int((vocabulary.answers(found) != want).sum())
    return row("loops", k, wrong, seconds, **sizes, certified=model.certificate.holds)


def by_chain(way: str, k: int, strings: np.ndarray, found: Any, stock: Any, model: Any, **options: Any) -> Record:
    questions = [ChainQuestion(string.tolist(), N, k) for string in strings]
    chains, seconds = timed(lambda: ask(stock, found, questions, **options))
    wrong = _wrong(chains, questions)
    passes = max(map(len, chains)) + 1
    sizes = {"layers": model.depth, "blocks": model.depth, "passes": passes, "tokens": N + 2 + max(map(len, chains))}
    return row(way, k, wrong, seconds, **sizes, **_sizes(model))


def by_blanks(k: int, strings: np.ndarray, found: Any, stock: Any, model: Any) -> Record:
    """The question, then k blanks (any token will do: the question again); the whole chain out of one pass."""
    questions = [ChainQuestion(string.tolist(), N, k) for string in strings]
    ids = KhopChain(A, N, MOST).ids
    symbols = np.array([ids.prompt(q.string, q.at) + [ids.pointer(q.at)] * k for q in questions])
    tokens = model.encode(symbols, np.full(len(symbols), k))

    def run() -> np.ndarray:
        with torch.no_grad():
            scores = stock(input_ids=torch.as_tensor(tokens), use_cache=False).logits
        return model.vocabulary.answers(scores[:, N + 1 :].argmax(-1).numpy())

    said, seconds = timed(run)
    chains = [line[: line.index(ids.nothing)] if ids.nothing in line else line for line in said.tolist()]
    sizes = {"layers": model.depth, "blocks": model.depth, "passes": 1, "tokens": N + 2 + k}
    return row("blanks", k, _wrong(chains, questions), seconds, **sizes, **_sizes(model))


def _wrong(chains: list[list[int]], questions: list[ChainQuestion]) -> int:
    """Chains that are not those of the definition, or whose answer is not hop_k's."""
    task = KhopChain(A, N, MOST)
    right = [
        chain == task.chain(q) and task.ids.answer(chain) == solve_by_definition(q.string, q.header, A)[q.at - 1]
        for chain, q in zip(chains, questions, strict=True)
    ]
    return right.count(False)


def _sizes(model: Any) -> dict[str, Any]:
    sizes = {"width": model.compilation.shape.width, "parameters": model.checkpoint.num_parameters}
    return {**sizes, "dtype": model.certificate.dtype, "certified": model.certificate.holds}


def main() -> None:
    records = []
    with tempfile.TemporaryDirectory() as folder:
        loaded = {}
        for program, dtype in ((khop_cot, "float32"), (khop_cot_wide, "float64"), (khop_blanks, "float32")):
            model = logdepth.compile(program, length=N, alphabet=A, steps=MOST, dtype=dtype)
            path = model.save(f"{folder}/{program.name}")
            loaded[program.name] = (read_folder(path), load_model(path, "eager", "cpu"), model)
        for k in (1, 2, 4, 8, 16, 32, 64):
            strings = strings_of(k)
            want = np.array([solve_by_definition(string, k, A)[-1] for string in strings.tolist()])
            records.append(by_depth(khop_doubling, "doubling", k, strings, want, folder))
            records.append(by_depth(khop_rank, "rank", k, strings, want, folder))
            records.append(by_loops(k, strings, want))
            records.append(by_blanks(k, strings, *loaded["khop_blanks"]))
            records.append(by_chain("chain", k, strings, *loaded["khop_cot"]))
            if k == MOST:
                records.append(by_chain("chain, no cache", k, strings, *loaded["khop_cot"], use_cache=False))
                records.append(by_chain("chain, wide", k, strings, *loaded["khop_cot_wide"]))
    save("depth_against_steps", records)


def plot() -> None:
    import matplotlib.pyplot as plt

    rows = read_rows(ROWS / "depth_against_steps.jsonl")
    ways = {"doubling": "depth (doubling; rank)", "loops": "loops of one block", "blanks": "blanks", "chain": "a chain"}
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    marks = dict(zip(ways, "o^Dv", strict=True))
    for way, label in ways.items():
        of_way = [row for row in rows if row["way"] == way]
        ks, line = [row["k"] for row in of_way], "--" if way == "loops" else "-"
        for axis, value in zip(axes, ("layers", "in_a_row"), strict=True):
            axis.plot(ks, [row[value] for row in of_way], marker=marks[way], label=label, alpha=0.8, ls=line)
    for axis, title in zip(axes, ("layers of the model", "layers in a row, prompt to answer"), strict=True):
        axis.set(xscale="log", xlabel="k hops", ylabel=title, xticks=[2**i for i in range(7)])
        axis.set_xticklabels([str(2**i) for i in range(7)])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axes[0].set_ylim(0)
    axes[1].set_yscale("log")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
    figure.savefig(FIGURE, dpi=150)


if __name__ == "__main__":
    plot() if "--plot" in sys.argv else main()
