"""A folder as a model to simulate: compiled by this library, trained by it, or stock Hugging Face.

Each is loaded by torch, which is also the other side that a simulation is held against: in float64 throughout.
"""

from __future__ import annotations

import json
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Float, Int

from logdepth.errors import FolderError, InputError
from logdepth.simulation.layers import SimulatedModel


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """A torch model in evaluation mode. kind: compiled, run or Hugging Face."""

    path: str
    kind: str
    model: Any

    def simulated(self, dtype: np.dtype, num_tokens: int) -> SimulatedModel:
        """Its arrays, for sequences of so many tokens.

        Raises `InputError` if it has a part that is not known, naming it, or takes fewer tokens.
        """
        from logdepth.jobs.trained_models import simulated

        return simulated(self.model, dtype, num_tokens)

    def reference(self, tokens: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n classes"]:
        """Logits by torch, all in float64; the model is changed to that."""
        import torch

        model = self.model.double()
        for module in model.modules():  # Llama's kind norms in float32, whatever the weights are
            if type(module).__name__.endswith("RMSNorm") and hasattr(module, "variance_epsilon"):
                module.forward = types.MethodType(_norm_as_is, module)
        ids = torch.from_numpy(tokens)[None]
        stock = hasattr(getattr(model, "config", None), "model_type")
        with torch.no_grad():  # nothing is padding; said to stock models, which would warn
            out = model(ids, attention_mask=torch.ones_like(ids)) if stock else model(ids)
        out = out if isinstance(out, torch.Tensor) else out["logits"] if "logits" in out else out["last_hidden_state"]
        return out[0].numpy()


def _norm_as_is(self: Any, rows: Any) -> Any:
    return self.weight * rows * (rows.pow(2).mean(-1, keepdim=True) + self.variance_epsilon).rsqrt()


def open_model(path: str | Path) -> OpenedModel:
    """Whatever model lies in a folder.

    Raises `FolderError` if none does, or it is damaged or incomplete; `InputError` if torch is missing.
    """
    path = Path(path)
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise InputError(f"{error.name} is not installed: pip install 'logdepth[hf]'") from error
    if not path.is_dir():
        raise FolderError(f"{path} is not a folder; the folder of a model is needed")
    if (path / "logdepth.json").is_file():
        from logdepth.compiled.folder import read_folder
        from logdepth.compiled.hub import load_model

        read_folder(path)
        return OpenedModel(str(path), "compiled", load_model(path, device="cpu"))
    from logdepth.train.folder import is_run

    if is_run(path):
        from logdepth.train.subject import load_subject

        return OpenedModel(str(path), "run", load_subject(path, device="cpu").model)
    if (path / "config.json").is_file():
        return OpenedModel(str(path), "Hugging Face", _load_stock(path))
    raise FolderError(
        f"{path} holds no model: no config.json (Hugging Face, or a run of this library), no logdepth.json (compiled)"
    )


def _load_stock(path: Path) -> Any:
    """A Hugging Face model as its config names it, in the dtype that it was saved in. Runs no code of the folder."""
    import transformers
    from transformers.utils import logging

    from logdepth.simulation.from_huggingface import FAMILIES

    try:
        found = json.loads((path / "config.json").read_text(encoding="utf-8"))
        kind, named = found.get("model_type"), (found.get("architectures") or [None])[0]
    except (OSError, ValueError, AttributeError, TypeError, LookupError) as error:
        raise FolderError(f"{path}/config.json cannot be read: {error}") from error
    family = next((family for types, family in FAMILIES.items() if kind in types), None)
    if family is None:
        there = ", ".join(name for types in FAMILIES for name in types)
        raise InputError(f"{path} is a model of type {kind!r}, which is not known; there are: {there}")
    named = str(named)
    if named not in family.modules(cast(str, kind)) or not hasattr(transformers, named):
        raise InputError(f"{path} is a {named}, which is not known of type {kind!r}")
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        model, info = getattr(transformers, named).from_pretrained(
            str(path), dtype="auto", output_loading_info=True, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # safetensors, JSON and shape errors, each of its own class
        raise FolderError(
            f"{path}: the weights do not load: {next(iter(str(error).splitlines()), type(error).__name__)}"
        ) from error
    finally:
        logging.set_verbosity(level)
    lost = [str(key) for kind in ("missing_keys", "mismatched_keys") for key in info.get(kind) or ()]
    if lost := sorted(key for key in lost if "pooler" not in key):
        raise FolderError(f"{path}: weights are missing or do not fit: {', '.join(lost[:3])}")
    return model.eval()
