"""Loading a compiled model with stock Hugging Face code. One of the few files that need torch."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, cast

from logdepth.errors import FolderError, InputError


def load_model(path: Path, attention: str = "sdpa", device: str | None = None) -> Any:
    """`AutoModelForCausalLM.from_pretrained`, in the saved dtype, in evaluation mode, on CUDA if it is there.

    Raises `InputError` if torch or transformers is not installed, `FolderError` if the weights do not load or
    do not fill the model exactly.
    """
    try:
        import torch
        from transformers import AutoModelForCausalLM
        from transformers.utils import logging
    except ImportError as error:
        raise InputError(f"{error.name} is not installed: pip install 'logdepth[hf]'") from error
    logging.disable_progress_bar()
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        load = cast(Any, AutoModelForCausalLM.from_pretrained)
        options = {"dtype": "auto", "output_loading_info": True, "local_files_only": True}
        model, info = load(str(path), attn_implementation=attention, **options)
    except Exception as error:  # safetensors, JSON and shape errors, each of its own class
        raise FolderError(f"{path}: the weights do not load: {str(error).splitlines()[0]}") from error
    finally:
        logging.set_verbosity(level)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info.get(kind):
            raise FolderError(f"{path}: {kind.replace('_', ' ')}: {', '.join(map(str, sorted(info[kind])[:3]))}")
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return model.to(device).eval()


def logits(
    model: Any,
    tokens: Any,
    mask: Any = None,
    positions: Any = None,
    cache: Any = None,
    use_cache: bool = False,
) -> Any:
    """Logits `(batch, slots, vocabulary)` as a torch tensor; the whole output with `use_cache`."""
    import torch

    device = next(model.parameters()).device
    ids = torch.as_tensor(tokens, device=device)
    attention = torch.ones_like(ids) if mask is None else torch.as_tensor(mask, device=device)
    extra: dict[str, Any] = {} if positions is None else {"position_ids": torch.as_tensor(positions, device=device)}
    if cache is not None:  # transformers 5.24 renamed it
        named_cache = "cache" in inspect.signature(model.forward).parameters
        extra["cache" if named_cache else "past_key_values"] = cache
    with torch.no_grad():
        out = model(input_ids=ids, attention_mask=attention, use_cache=use_cache, **extra)
    return out if use_cache else out.logits


def cache_of(output: Any) -> Any:
    """The key-value cache of a model's output, under its name before or since transformers 5.24."""
    return output["cache"] if "cache" in output else output["past_key_values"]


def rows_at_once(num_slots: int, num_heads: int, budget: int = 1 << 26) -> int:
    """How many sequences to run together so that attention scores stay within `budget` numbers.

    >>> rows_at_once(101, 2), rows_at_once(8193, 1)
    (3289, 1)
    """
    return max(1, budget // (num_heads * num_slots * num_slots))
