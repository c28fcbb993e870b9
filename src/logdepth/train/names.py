"""What a run is called: a hash of what makes its result differ from that of a config left alone.

A field added later, at its default, renames nothing; a field that changes no weight (how often to look, to write) is in
no name. A default must not change: runs would take each other's names (`tests/train/test_names.py` holds them).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

UNNAMED = ("evaluate_every", "evaluate_strings", "checkpoint_every", "record_every")  # the weights are the same

# What the first scheme hashed, at its default or not: rows made under it are named so. `task` only if it was another.
FIRST_FIELDS = (
    *("length", "alphabet_size", "max_k", "samples", "planted", "curriculum", "seed", "steps", "batch_size"),
    *("optimizer", "learning_rate", "small_rate", "weight_decay", "warmup", "decay", "auxiliary_weight", "deep"),
    *("precision", "compile", "init", *UNNAMED),
)
FIRST_MODEL_FIELDS = (
    *("family", "vocab_size", "max_length", "num_layers", "num_heads", "embed_dim", "hidden_dim", "num_loops"),
    *("positions", "causal", "dropout", "num_auxiliary", "stock"),
)


def differences(config: Any) -> dict[str, Any]:
    """The entries of a frozen config that are not at their defaults and change the result; configs in it likewise.

    >>> from logdepth.train.recipes import fast
    >>> found = differences(fast(seed=3, checkpoint_every=7))
    >>> found["seed"], "checkpoint_every" in found, "num_layers" in found["model"]
    (3, False, False)
    """
    found = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            found[field.name] = differences(value)
        elif field.name not in UNNAMED and value != field.default:
            found[field.name] = value
    return found


def run_id(config: Any) -> str:
    """Eight characters that hash the differences.

    >>> from logdepth.train.recipes import fast
    >>> run_id(fast()) == run_id(fast(record_every=1)) != run_id(fast(seed=1))
    True
    """
    return _hash(differences(config))


def first_id(config: Any) -> str | None:
    """The id of the first scheme; None for a config that could not be said then (a later field is not at its default).

    >>> from logdepth.train.recipes import fast
    >>> first_id(fast())
    '745c0950'
    """
    changed = differences(config)
    if {*changed} - {*FIRST_FIELDS, "model", "task"} or {*changed["model"]} - {*FIRST_MODEL_FIELDS}:
        return None
    hashed = {name: getattr(config, name) for name in FIRST_FIELDS}
    hashed["model"] = {name: getattr(config.model, name) for name in FIRST_MODEL_FIELDS}
    if "task" in changed:
        hashed["task"] = config.task
    return _hash(hashed)


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]
