"""Every family of trainable models by name. A new one is a file of its own and a line here.

A family's file is imported when a config of it is made, by name: configs know no family, families know configs.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from logdepth.errors import InputError

FAMILIES = {
    "modern": "logdepth.models.modern:ModernTransformer",
    "paper": "logdepth.models.gpt2:PaperTransformer",
    "compiled": "logdepth.models.gpt2:CompiledTransformer",
    "lstm": "logdepth.models.lstm:Lstm",
    "gru": "logdepth.models.gru:Gru",
    "mamba2": "logdepth.models.mamba2:Mamba2",
    "deltanet": "logdepth.models.deltanet:DeltaNet",
    "linear": "logdepth.models.linear:LinearTransformer",
    "performer": "logdepth.models.performer:Performer",
    "window": "logdepth.models.windows:WindowTransformer",
    "longformer": "logdepth.models.windows:Longformer",
    "hybrid": "logdepth.models.hybrid:HybridTransformer",
    "gnn": "logdepth.models.gnn:MessagePassing",
    "cot": "logdepth.models.thinking:ThinkingTransformer",
}


def find_family(name: str) -> Any:
    """The class of a family, a `TrainableModel`. Raises `InputError` for others.

    >>> find_family("lstm").__name__
    'Lstm'
    """
    if name not in FAMILIES:
        raise InputError(f"family is {name!r}; there are: {', '.join(FAMILIES)}")
    module, _, attribute = FAMILIES[name].partition(":")
    return getattr(import_module(module), attribute)
