"""What is asked of the theory: a task at sizes, of an architecture at sizes. Whole numbers, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from logdepth.errors import InputError

LEAST = {
    **dict.fromkeys(("k", "thoughts", "window", "linear_layers"), 0),
    **dict.fromkeys(("length", "layers", "width", "heads", "precision", "features", "stride", "state_bits"), 1),
    **dict.fromkeys(("rounds", "diameter", "edges"), 1),
    **dict.fromkeys(("alphabet", "vertices", "memory"), 2),
}
GREATEST = 1 << 63


@dataclass(frozen=True)
class Asked:
    """Sizes of a task and of a model. `None`: not said.

    Task: `length` N, the symbols of the input; `alphabet`, how many there are (as many as the input is long, if not
    said); `k` hops or functions; `vertices`, `edges`, `diameter` of a graph; `rounds` of a protocol.
    Model: `layers` L (not said: any); `width` m, the embedding dimension, which every head has to itself, as in the
    paper; `heads` H; `precision` p, bits of a number; `features` m' of a kernel (default: m); `window` w and `stride`
    g of a sparse mask; `thoughts`, tokens of a chain of thought; `state_bits`, what a recurrent layer hands on (default
    m p); `linear_layers` of a hybrid; `memory` s, words of a machine.
    constants: of statements that leave one open, by the statement's name: what is to be taken for it.
    Raises `InputError` for sizes that cannot be.

    >>> asked = Asked("khop", "rnn", length=100, k=16)
    >>> asked.state, asked.symbols, asked.needed("k")
    (4096, 100, 16)
    """

    task: str
    arch: str
    length: int | None = None
    alphabet: int | None = None
    k: int | None = None
    vertices: int | None = None
    edges: int | None = None
    diameter: int | None = None
    rounds: int | None = None
    layers: int | None = None
    width: int = 128
    heads: int = 4
    precision: int = 32
    features: int | None = None
    window: int | None = None
    stride: int | None = None
    thoughts: int | None = None
    state_bits: int | None = None
    linear_layers: int | None = None
    memory: int | None = None
    constants: Mapping[str, Fraction] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, least in LEAST.items():
            value = getattr(self, name)
            if value is not None and not least <= value < GREATEST:
                raise InputError(f"{name} is {value:,}; it must be at least {least} and less than 2^63")
        for name, constant in self.constants.items():
            if constant <= 0:
                raise InputError(f"the constant of {name} is {constant}; it must be greater than 0")

    def needed(self, name: str) -> int:
        """A size that a statement cannot do without. Raises `InputError` if it was not said."""
        value = getattr(self, name)
        if value is None:
            raise InputError(f"{self.task} needs --{name.replace('_', '-')}")
        return value

    @property
    def symbols(self) -> int:
        """The alphabet's size: as many symbols as positions, if it was not said."""
        return self.alphabet or max(self.needed("length"), 2)

    @property
    def state(self) -> int:
        """Bits that a recurrent layer hands from one position to the next."""
        return self.state_bits or self.width * self.precision
