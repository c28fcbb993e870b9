"""Loading a compiled model with stock Hugging Face code. One of the few files that need torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logdepth.compiler.targets import find_target
from logdepth.errors import FolderError, InputError

DTYPES = ("float32", "float64", "bfloat16", "float16")


def load_model(
    path: Path, attention: str = "sdpa", device: str | None = None, dtype: str | None = None, target: str = "gpt2"
) -> Any:
    """`from_pretrained` of the target's stock class (`AutoModelForCausalLM`), in the saved dtype (or another), in
    evaluation mode, on CUDA if it is there. No code out of the folder is run, whatever its config asks for.

    Raises `InputError` if torch or transformers is not installed, or there is no such device or dtype; `FolderError`
    if the weights do not load or do not fill the model exactly.
    """
    try:
        import transformers
        from transformers.utils import logging

        from logdepth.models.build import choose_device
    except ImportError as error:
        raise InputError(f"{error.name} is not installed: pip install 'logdepth[hf]'") from error
    check_dtype(dtype)
    device = choose_device(device)
    logging.disable_progress_bar()
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        load = getattr(transformers, find_target(target).stock.auto_class).from_pretrained
        model, info = load(
            str(path),
            attn_implementation=attention,
            dtype=dtype or "auto",
            output_loading_info=True,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
        )
    except Exception as error:  # safetensors, JSON and shape errors, each of its own class
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise FolderError(f"{path}: the weights do not load: {reason}") from error
    finally:
        logging.set_verbosity(level)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info.get(kind):
            raise FolderError(f"{path}: {kind.replace('_', ' ')}: {', '.join(map(str, sorted(info[kind])[:3]))}")
    return model.to(device).eval()


def check_dtype(dtype: str | None) -> None:
    """Raise `InputError` for a dtype that models are not loaded in."""
    if dtype is not None and dtype not in DTYPES:
        raise InputError(f"dtype is {dtype!r}; it must be one of {', '.join(DTYPES)}")
