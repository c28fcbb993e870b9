"""Files that torch wrote, read without running anything in them; what is wrong with them in one clear line."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from logdepth.errors import FolderError


def read_tensors(file: Path) -> Any:
    """Tensors, numbers, lists and mappings of a `torch.save` file, on the CPU.

    Raises `FolderError` for a file that is empty, damaged, none of torch's, or holds anything else: other objects could
    run code when they are read, so there is no way to have them read (torch's own message offers one).

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "weights.pt"
    >>> torch.save({"a": torch.zeros(2)}, file)
    >>> read_tensors(file)
    {'a': tensor([0., 0.])}
    """
    try:
        if not file.stat().st_size:
            raise FolderError(f"{file} cannot be read: it is empty")
        return torch.load(file, weights_only=True, map_location="cpu")
    except FolderError:
        raise
    except pickle.UnpicklingError as error:
        raise FolderError(
            f"{file} cannot be read: it is damaged, or holds more than tensors, which is never loaded"
        ) from error
    except Exception as error:  # zip and key errors, each of its own class
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise FolderError(f"{file} cannot be read: {reason}") from error
