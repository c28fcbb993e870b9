"""A stock GPT-2: its sizes, its proof, and exact transformer -> its weights (`GPT2LMHeadModel`, relu6).

A coordinate x becomes a mirrored pair (3x, -3x): the mean is 0 and, since every live coordinate is -1 or +1, the
norm is constant, so LayerNorm is one known factor that its gain undoes: after it a pair is (x, -x). Every linear
form reads half the difference of a pair (what the mean leaves cancels), and its constant off the coordinates START
and REST, one of which is 1. relu6 is the ramp times 6, so a gate's output is exactly 0 or 6 and a bit flips from -3
to 3: residual sums are small integers. GPT-2 divides scores by the root of the head's dimension; queries
carry the root, and the head's sharpness.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from logdepth.compiler.certificate import Certificate, HeadBound, LayerBound, UnionBound
from logdepth.compiler.circuits import COUNT_SCALE, UNION_SCALE
from logdepth.compiler.floats import FloatModel, float_model
from logdepth.compiler.mirrored import (
    AMPLITUDE,
    MirroredBlock,
    gain_error,
    live_bits,
    narrowest,
    norm_gain,
    paired,
    reading,
    snaps_to_one,
)
from logdepth.compiler.proof import Proof, Residual
from logdepth.compiler.schedule import Schedule
from logdepth.compiler.target import Checkpoint, Shape, Stock, affine, arithmetic
from logdepth.errors import ProgramError
from logdepth.lang.graph import ProgramGraph
from logdepth.transformer import Affine, Circuit, Transformer

GPT2 = MirroredBlock(epsilon=1e-5, normed=1.0)
STOCK = Stock(
    title="GPT-2",
    auto_class="AutoModelForCausalLM",
    pipeline="text-generation",
    cached=True,
    layers="n_layer",
    heads="n_head",
    width="n_embd",
    inner="n_inner",
    slots="n_positions",
)
_MOST_EXTRA_HEADS = 16


@dataclass(frozen=True)
class Gpt2Target:
    """The target: causal, LayerNorm before attention and before the hidden layer."""

    name: str = "gpt2"
    stock: Stock = STOCK

    def check(self, graph: ProgramGraph) -> None:
        """Raises `ProgramError` for a bidirectional program."""
        if not graph.causal:
            raise ProgramError(
                f"program {graph.name} is bidirectional (causal=False); GPT-2 is causal, so it cannot be compiled to it"
            )

    def shape(self, schedule: Schedule, model: Transformer, dtype: str) -> Shape:
        return gpt2_shape(schedule, model, dtype)

    def certify(self, schedule: Schedule, model: Transformer, shape: Shape, dtype: str | FloatModel) -> Certificate:
        return certify(schedule, model, shape, dtype)

    def export(
        self, model: Transformer, schedule: Schedule, shape: Shape, certificate: Certificate, start_id: int
    ) -> Checkpoint:
        return transformer_to_gpt2(model, schedule, shape, certificate, start_id)


def gpt2_shape(schedule: Schedule, model: Transformer, dtype: str) -> Shape:
    """The narrowest width that holds every head.

    In bfloat16 a head's dimension is a power of 4, so that GPT-2's division of scores by its root is exact, and
    idle heads are added (up to 16) until every gain is stored closely enough that bits leave LayerNorm as
    exactly +-1.

    >>> from logdepth import compile
    >>> from logdepth.programs import khop_rank
    >>> compile(khop_rank, length=20, alphabet=4, k=3).compilation.shape.num_heads
    2
    """
    heads, head_dim = narrowest(schedule)
    if dtype == "bfloat16":
        floats = float_model(dtype)
        power = 4
        while power < head_dim:
            power *= 4
        head_dim = power
        for extra in range(_MOST_EXTRA_HEADS + 1):
            width = (heads + extra) * head_dim
            if all(snaps_to_one(gain_error(live, width, floats, GPT2), 2.0**-14) for live in live_bits(schedule)):
                heads += extra
                break
    hidden = [layer.map.num_hidden for layer in model.layers if isinstance(layer.map, Circuit)]
    return Shape(heads, head_dim, max([1, *hidden]))


def certify(schedule: Schedule, model: Transformer, shape: Shape, dtype: str | FloatModel) -> Certificate:
    """Prove, or say what fails. Never raises for a failing proof; `compile_program` does.

    A home bit in the residual is exactly -3 or 3 (a sum of small integers). What a head writes into the two members of
    a pair is one product each, with weights 3 and -3, so scratch is mirrored to the bit. The norms stand beside the
    residual, so errors end with the layer they arise in, but for what drains leave of one layer's, and depth has no
    part in any bound. Averages stay in the residual for good.

    >>> from logdepth.compiler.compile import compile_program
    >>> from logdepth.programs import khop_rank
    >>> found = compile_program(khop_rank, length=100, alphabet_size=4, k=3)
    >>> certify(found.schedule, found.transformer, found.shape, "float32").holds
    True
    """
    proof = Proof(schedule, model, shape, dtype, GPT2)
    heads: list[tuple[HeadBound, ...]] = []
    layers: list[LayerBound] = []
    stream = Residual(live=schedule.digits_live[0] + 1)
    failure, widest, united = "", 0, 0  # the most scratch, and the most bits of unions, of a layer so far
    for number, exact in enumerate(model.layers, 1):
        stream.live = schedule.digits_live[number - 1] + 1  # START or REST is one more bit
        before = proof.norm(stream)
        bounds = proof.heads(number, before)
        heads.append(bounds)
        stream.scratch = len(proof.scratch(number))
        leak = max((bound.leak for bound in bounds if not bound.counts), default=0.0)
        stream.error = error = proof.bit_error(number, before, leak, stream)
        counts = [bound for bound in bounds if bound.counts and not isinstance(bound, UnionBound)]
        stream.averages += tuple(COUNT_SCALE * (1 + bound.average) for bound in counts)
        most = max((bound.most for bound in bounds if isinstance(bound, UnionBound)), default=0.0) + proof.leftover
        unions = (UNION_SCALE * most,) * len(proof.united(number))  # drained, where counts' averages stay
        after = proof.norm(dataclasses.replace(stream, averages=stream.averages + unions))
        gate_error, threshold = 0.0, None
        if isinstance(exact.map, Circuit):
            gate_error = proof.gates(number, exact.map, after, stream)
            threshold = proof.thresholds(number, exact.map, bounds, after)
        # in scratch that this layer did not use, what was there stays
        stream.residue = max(proof.drained(after, error) if stream.scratch else 0.0, stream.residue)
        if unions:
            proof.leftover = max(proof.leftover, proof.drained_average(after, most))
            stream.residue = max(stream.residue, UNION_SCALE * proof.leftover)
        widest, united = max(widest, stream.scratch), max(united, len(unions))
        stream.residues = widest + united if stream.residue else 0
        layers.append(LayerBound(number, (before, after), error, stream.residue, gate_error, threshold))
        stream.scratch, stream.error = 0, 0.0
        failure = failure or "; ".join(proof.failures)  # of the first layer only: later ones stand on it
    stream.live = schedule.digits_live[schedule.depth] + 1
    last = proof.norm(stream)
    margin = proof.margin(last)
    if margin <= 0 and not failure:
        failure = "the logits' margin is gone"
    return Certificate(proof.floats.name, proof.length, failure, tuple(heads), tuple(layers), last, margin)


def transformer_to_gpt2(
    model: Transformer, schedule: Schedule, shape: Shape, certificate: Certificate, start_id: int
) -> Checkpoint:
    """The weights. Raises `InputError` if a row-wise map is an arbitrary function: it has no weights.

    >>> from logdepth import compile
    >>> from logdepth.programs import khop_rank
    >>> compile(khop_rank, length=20, alphabet=4, k=3).checkpoint.config["n_layer"]
    3
    """
    d, heads, head_dim, m = shape.width, shape.num_heads, shape.head_dim, model.embed_dim
    tensors: dict[str, np.ndarray] = {
        "transformer.wte.weight": paired(AMPLITUDE * model.embedding.tokens, d),
        "transformer.wpe.weight": paired(AMPLITUDE * model.embedding.positions, d),
    }
    gains = [norm_gain(live, d, GPT2) for live in live_bits(schedule)]
    for number, layer in enumerate(model.layers, 1):
        prefix = f"transformer.h.{number - 1}."
        before, after = gains[2 * number - 2], gains[2 * number - 1]
        attention = np.zeros((d, 3 * d))
        project = np.zeros((d, d))
        for h, head in enumerate(layer.heads):
            query, key, value = (affine(f, number, head.name) for f in (head.query, head.key, head.value))
            bound = certificate.heads[number - 1][h]
            first = h * head_dim
            scale = bound.sharpness * GPT2.score_divisor(head_dim)
            attention[:, first : first + len(query.bias)] = reading(schedule, query, d).T * scale
            attention[:, d + first : d + first + len(key.bias)] = reading(schedule, key, d).T
            targets = np.flatnonzero(np.abs(value.weight).sum(1) + np.abs(value.bias))
            narrow = Affine(value.weight[targets], value.bias[targets])
            columns = slice(2 * d + first, 2 * d + first + len(targets))
            attention[:, columns] = reading(schedule, narrow, d).T
            for place, target in enumerate(targets):
                project[first + place, 2 * target] = AMPLITUDE
                project[first + place, 2 * target + 1] = -AMPLITUDE
        inner = np.zeros((d, shape.inner))
        outer = np.zeros((shape.inner, d))
        constant = np.zeros(d)
        circuit = arithmetic(layer, number)
        if circuit is not None:
            inner[:, : circuit.num_hidden] = GPT2.ceiling * reading(schedule, Affine(circuit.read, circuit.bias), d).T
            outer[: circuit.num_hidden] = paired(AMPLITUDE / GPT2.ceiling * circuit.write.T, d)
            constant = paired(AMPLITUDE * circuit.constant[None], d)[0]
        tensors |= {
            prefix + "ln_1.weight": np.full(d, before),
            prefix + "ln_1.bias": np.zeros(d),
            prefix + "attn.c_attn.weight": attention,
            prefix + "attn.c_attn.bias": np.zeros(3 * d),
            prefix + "attn.c_proj.weight": project,
            prefix + "attn.c_proj.bias": np.zeros(d),
            prefix + "ln_2.weight": np.full(d, after),
            prefix + "ln_2.bias": np.zeros(d),
            prefix + "mlp.c_fc.weight": inner,
            prefix + "mlp.c_fc.bias": np.zeros(shape.inner),
            prefix + "mlp.c_proj.weight": outer,
            prefix + "mlp.c_proj.bias": constant,
        }
    tensors |= {
        "transformer.ln_f.weight": np.full(d, gains[-1]),
        "transformer.ln_f.bias": np.zeros(d),
        "lm_head.weight": reading(schedule, model.readout.map, d),
    }
    assert m * 2 <= d
    vocab_size = len(model.embedding.tokens)
    config = {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "activation_function": "relu6",
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
        "bos_token_id": start_id,
        "eos_token_id": start_id,
        "pad_token_id": start_id,
        "initializer_range": 0.02,
        "layer_norm_epsilon": GPT2.epsilon,
        "n_embd": d,
        "n_head": heads,
        "n_inner": shape.inner,
        "n_layer": model.depth,
        "n_positions": len(model.embedding.positions),
        "scale_attn_weights": True,
        "scale_attn_by_inverse_layer_idx": False,
        "reorder_and_upcast_attn": False,
        "tie_word_embeddings": False,
        "use_cache": True,
        "vocab_size": vocab_size,
        "dtype": certificate.dtype,
        "torch_dtype": certificate.dtype,
    }
    return Checkpoint(config, tensors, certificate.dtype)
