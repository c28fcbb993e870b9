"""logdepth: a round of massively parallel computation is a layer of a transformer.

    import logdepth
    from logdepth.programs import khop_rank
    logdepth.compile(khop_rank, length=100, alphabet="ACGT", k=16).save("khop16")
    print(logdepth.verify("khop16"))

`import logdepth` is light: everything is imported when it is first used, torch only by what runs torch.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # as in typing, which takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from logdepth.compiled.chains import predict_chains
    from logdepth.compiled.model import CompiledModel, compile
    from logdepth.compiled.predict import load, predict
    from logdepth.compiled.verify import Verification, verify

_HOMES = {
    "CompiledModel": "logdepth.compiled.model",
    "Verification": "logdepth.compiled.verify",
    "compile": "logdepth.compiled.model",
    "load": "logdepth.compiled.predict",
    "predict": "logdepth.compiled.predict",
    "predict_chains": "logdepth.compiled.chains",
    "verify": "logdepth.compiled.verify",
}

__all__ = ["CompiledModel", "Verification", "__version__", "compile", "load", "predict", "predict_chains", "verify"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'logdepth' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
