"""The model card: `README.md` of a compiled model's folder."""

from __future__ import annotations

from typing import Any

from logdepth.compiler.target import Stock
from logdepth.compiler.targets import find_target
from logdepth.summary import in_short


def card(description: dict[str, Any]) -> str:
    """What it computes, sizes, how to use it, its certificate; out of `logdepth.json`'s contents."""
    stock = find_target(description.get("target", "gpt2")).stock
    program, sizes, ids = description["program"], description["sizes"], description["ids"]
    domain, certificate = description["domain"], description["certificate"]
    parameters = ", ".join(f"{name} = {in_short(value)}" for name, value in program["parameters"].items())
    symbols = domain["symbols"]
    shown = _listed(symbols)
    sample = ("" if all(len(s) == 1 for s in symbols) else " ").join((symbols * 8)[: min(8, domain["length"])])
    first = "" if "start" in ids else "<0>"
    use = of_graph(ids["graph"], stock) if "graph" in ids else of_sequence(f"{first}{sample}", stock)
    more = ""
    if chain := ids.get("chain"):
        letters = symbols[: chain["letters"]]
        shown = f"{_listed(letters)} (letters); {_listed(symbols[chain['letters'] :])} (pointers)"
        use, more = of_chain(letters, ids, stock), NOT_GREEDY
    heads = [bound for layer in certificate["heads"] for bound in layer]
    rows = "\n".join(
        f"| {b['layer']} | {b['head']} | {b['error']:.2g} of {b['limit']:g} | {b['gap']:.3g} | {b['leak']:.1g} |"
        for b in heads
    )
    generating = ", as `generate` does" if stock.cached else ""
    return f"""---
library_name: transformers
pipeline_tag: {stock.pipeline}
tags:
- logdepth
- mechanistic-interpretability
- compiled
---

# {program["name"]}{f" ({parameters})" if parameters else ""}, compiled

A stock {stock.title} whose weights were not trained but compiled by logdepth from the program `{program["name"]}`.
At every position the argmax of the logits is the program's answer, exactly, for {domain["statement"]}.

| | |
|---|---|
| layers | {description["depth"]} |
| heads, width, hidden | {sizes["heads"]}, {sizes["width"]}, {sizes["hidden"]} |
| parameters | {sizes["parameters"]:,} ({certificate["dtype"]}) |
| symbols | {shown} |
| longest sequence | {domain["length"]:,} symbols after the {domain["starts_with"]} |
| output | {
        "a symbol; id " + str(ids["nothing"]) + " means nothing"
        if ids["output"] == "symbol"
        else "classes: class c is " + str(ids["least_output"]) + " + c"
        if ids["output"] == "class"
        else number(ids)
    } |

## Use

{use}

transformers 5 loads the weights in the dtype they are saved in. Version 4 loads float32 whatever was saved: give
`dtype="auto"` (`torch_dtype="auto"` before 4.56).

What breaks it:

- another dtype. Of float32 models after `.half()` up to all answers were wrong where it was tried, after `.bfloat16()`
  up to a third; autocast and TF32 are outside, too. The certificate covers {certificate["dtype"]} alone;
  `logdepth verify . --dtype bfloat16` shows what another dtype does.
- padding on the left without `position_ids`: about half of the answers were wrong. Pad on the right (the tokenizer
  does), or give `position_ids=(attention_mask.cumsum(-1) - 1).clamp(min=0)`{generating}.
{more}- a changed file. `logdepth verify .` compiles the stored graph again and names every difference.

## Certificate

Proved for every input of the domain, in {certificate["dtype"]}, before the weights were written. The least
difference between the right logit and any other is **{
        certificate["margin"]:.6f}**. Heads (rounding error against what is
allowed; least gap in logits; attention that leaks elsewhere, at most):

| layer | head | error | gap | leak |
|---|---|---|---|---|
{rows or "| - | none | - | - | - |"}

Assumed of the arithmetic: {certificate["floating_point"]}
`logdepth verify .` proves it again, compares every file with what the graph in `logdepth.json` compiles to, and runs
the loaded model against the program on random and structured inputs.
"""


NOT_GREEDY = """- sampling, beams, penalties, or anything else by which `generate` writes what is not the argmax: every
  token is read again, so one that is not the argmax makes another chain. `generation_config.json` asks for none of it;
  `do_sample=True`, `num_beams`, `repetition_penalty`, `no_repeat_ngram_size` or `min_new_tokens` do.
- a `max_new_tokens` or `max_length` that is too small: then the chain is cut off, and has no end and no answer.
"""


def _listed(symbols: list[str]) -> str:
    return " ".join(symbols) if len(symbols) <= 30 else f"{symbols[0]} .. {symbols[-1]} ({len(symbols)} symbols)"


def of_chain(letters: list[str], ids: dict[str, Any], stock: Stock) -> str:
    """How to use a model that thinks: the contract of its tokens (`sequences/chain.py`)."""
    chain, headers = ids["chain"], ids.get("headers")
    between = "" if all(len(letter) == 1 for letter in letters) else " "
    string = [letters[i % 3 % len(letters)] for i in range(min(7, chain["text"]))]
    k = min(2, headers[1]) if headers else None
    prompt = between.join([*([] if k is None else [f"<{k}>"]), *string, f"@{len(string)}"])
    first = f"the header token <h>, h in 0..{headers[1]}, id h" if headers else f"the start token, id {ids['start']}"
    question = f"The answer: {chain['question']}. " if "question" in chain else ""
    before = chain["first_pointer"] - 1
    return f"""The model thinks: what it writes, it reads. A prompt is {first}; at most {chain["text"]:,} letters, ids
{ids["first_symbol"]}..{before}; one pointer @i, which asks for position i of the text, counted from 1. The pointer
to position p has the id {before} + p. Written are pointers, one a step, then a letter, the answer, then "nothing"
(id {ids["nothing"]}), the end token, at which `generate` stops. Where the end comes after a pointer, the answer is
"nothing". {question}There is room for {chain["steps"]:,} thoughts.

```python
from transformers import {stock.auto_class}, AutoTokenizer

folder = "."  # this folder
model = {stock.auto_class}.from_pretrained(folder)
tokenizer = AutoTokenizer.from_pretrained(folder)
inputs = tokenizer("{prompt}", return_tensors="pt")
print(tokenizer.decode(model.generate(**inputs)[0]))
```

`logdepth predict . --input FILE{" --k H" if headers else ""}` asks for texts, one a line."""


def number(ids: dict[str, Any]) -> str:
    """What answers that are numbers mean."""
    first, least = ids["first_output"], ids["least_output"]
    if "error" not in ids:
        return f"a number; id {first} means {least}"
    grid = ids.get("grid", 1)
    return (
        f"a real number; id {first} + c means ({least} + c)/{grid}, exactly the one that the program rounds to: "
        f"off by {ids['error']} at most"
    )


def of_sequence(sample: str, stock: Stock) -> str:
    """How to use a model of sequences."""
    return f"""```python
import torch
from transformers import {stock.auto_class}, AutoTokenizer

folder = "."  # this folder
model = {stock.auto_class}.from_pretrained(folder)
tokenizer = AutoTokenizer.from_pretrained(folder)
inputs = tokenizer("{sample}", return_tensors="pt")
with torch.no_grad():
    answers = model(**inputs).logits.argmax(-1)[0]
print(tokenizer.convert_ids_to_tokens(answers.tolist()))
```"""


def of_graph(ids: dict[str, Any], stock: Stock) -> str:
    """How to use a model of graphs: the contract of ids (`graphs/tokens.py`)."""
    question = f", the answer: {ids['question']}" if "question" in ids else ""
    where, what = {
        "vertices": ("classes[1 + 2 * E :]", "vertex v's"),
        "edges": ("classes[1 : 1 + 2 * len(edges) : 2]", "edge e's, 1 where it is chosen"),
        "whole": ("classes[0]", "the whole graph's, 1 for yes"),
        "": ("classes", "everything that is said"),
    }[ids.get("answers_of", "")]
    place = {
        "vertices": "vertex v's at position 1 + 2 E + v, counted from 0",
        "edges": "edge e's at position 1 + 2 e (e = 0, 1, ..), the first of its two tokens",
        "whole": "the whole graph's at position 0, the start token's",
        "": "at the positions that the program says",
    }[ids.get("answers_of", "")]
    slots = 1 + 2 * ids["edges"] + ids["vertices"]
    nothing = (
        ""
        if "nothing" not in ids
        else f"""
Compiled for graphs of diameter {ids["diameter"]:,}: no two connected vertices more than so many edges apart. Class
{ids["nothing"]:,} says nothing: the graph is wider than this model sees. No other answer is ever wrong.
"""
    )
    sizes = f"V = {ids['vertices']:,} and E = {ids['edges']:,}"
    return f"""With {sizes}: tokens 0..V-1 are vertices, V is blank, V + 1 padding,
V + 2 the start token. The sequence is always 1 + 2 E + V = {slots:,} tokens long and needs no attention mask: the start
token; each edge's two vertices; padding up to two tokens for each of E edges; one blank a vertex. Edges with weights
stand in the order of their weights, the heaviest first. The answers are the argmax over the classes:
{place}.
{nothing}
```python
import torch
from transformers import {stock.auto_class}

V, E = {ids["vertices"]}, {ids["edges"]}  # blank is V, padding V + 1, the start token V + 2
edges = {[(0, 1), (1, 2)][: min(ids["vertices"] - 1, ids["edges"])]}  # vertices are 0..V-1
ids = [V + 2] + [end for edge in edges for end in edge]
ids += [V + 1] * (1 + 2 * E - len(ids)) + [V] * V
model = {stock.auto_class}.from_pretrained(".")  # this folder
with torch.no_grad():
    classes = model(torch.tensor([ids])).logits.argmax(-1)[0]
print({where}.tolist())  # {what}{question}
```

`logdepth predict . --graph FILE` does this for any graph file, and names vertices as the file does."""
