"""A stock BERT: its sizes, its proof, and exact transformer -> its weights (`BertForTokenClassification`, relu6).

LayerNorm stands behind every sum, and what it gives is the residual itself: a bit is 3 before and after it, and what
one norm gets wrong, the next inherits. So that nothing adds up, every layer's arithmetic echoes the row: every bit that
stands is written `LOUD - 1` times more, exactly, and what is new `LOUD` times. The layer's last norm brings 3 LOUD back
to 3, and the errors of the row to a LOUDth of what they were: their sum is a geometric series, whatever the depth.
Dimensions where nothing stands have gain 0, and are exactly 0 after every norm: scratch, counts' averages, padding.

Everything else is as in GPT-2 (`gpt2.py`): mirrored pairs, constants read off START and REST, scores over the root of
the head's dimension. Queries and keys are read at 3, so scores are 9 times larger; logits 3 times.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from logdepth.compiler.certificate import Certificate, HeadBound, LayerBound, NormBound, UnionBound
from logdepth.compiler.circuits import COUNT_SCALE, UNION_SCALE
from logdepth.compiler.floats import FloatModel
from logdepth.compiler.mirrored import AMPLITUDE, MirroredBlock, narrowest, norm_gain, paired, reading, standing
from logdepth.compiler.proof import Proof, Residual
from logdepth.compiler.schedule import Schedule
from logdepth.compiler.target import Checkpoint, Shape, Stock, affine, arithmetic
from logdepth.errors import InputError, ProgramError
from logdepth.lang.graph import ProgramGraph
from logdepth.transformer import Affine, Circuit, Transformer

BERT = MirroredBlock(epsilon=1e-12, normed=AMPLITUDE)
STOCK = Stock(
    title="BERT",
    auto_class="AutoModelForTokenClassification",
    pipeline="token-classification",
    cached=False,
    layers="num_hidden_layers",
    heads="num_attention_heads",
    width="hidden_size",
    inner="intermediate_size",
    slots="max_position_embeddings",
)
LOUD = 9  # errors become a ninth from layer to layer; odd, so that START, which is 0 or 1, takes whole ramps, too


@dataclass(frozen=True)
class BertTarget:
    """The target: tokens see the whole sequence, LayerNorm after attention and after the hidden layer."""

    name: str = "bert"
    stock: Stock = STOCK

    def check(self, graph: ProgramGraph) -> None:
        """Raises `ProgramError` for a causal program."""
        if graph.causal:
            raise ProgramError(
                f"program {graph.name} is causal; BERT's tokens see the whole sequence, so it cannot be compiled to it"
            )

    def shape(self, schedule: Schedule, model: Transformer, dtype: str) -> Shape:
        """The narrowest width that holds every head. Raises `InputError` for bfloat16."""
        if dtype == "bfloat16":
            raise InputError("dtype is bfloat16; the bert target is proved in float32 and float64")
        heads, head_dim = narrowest(schedule)
        return Shape(heads, head_dim, max(loud.num_hidden for loud in loud_layers(schedule, model)))

    def certify(self, schedule: Schedule, model: Transformer, shape: Shape, dtype: str | FloatModel) -> Certificate:
        return certify(schedule, model, shape, dtype)

    def export(
        self, model: Transformer, schedule: Schedule, shape: Shape, certificate: Certificate, start_id: int
    ) -> Checkpoint:
        return transformer_to_bert(model, schedule, shape, certificate, start_id)


def louder(circuit: Circuit, schedule: Schedule, bits: list[int]) -> Circuit:
    """The circuit that adds to a row what makes its bits `LOUD` times those of the row and the circuit's own writes.

    One unit for every bit that stands, and for START and REST, which are 0 or 1. Drains stay as they are: what is in
    scratch is not to be louder, but gone.

    >>> import numpy as np
    >>> from logdepth.compiler.compile import compile_program
    >>> from logdepth.programs import pointer_doubling
    >>> found = compile_program(pointer_doubling, length=4, alphabet_size=4, k=2, target="bert")
    >>> nothing = Circuit(np.zeros((0, 9)), np.zeros(0), np.zeros((9, 0)), np.zeros(9))
    >>> row = np.array([0, 1, 1, -1, 0, 0, 0, 0, 0.0])
    >>> (row + louder(nothing, found.schedule, [2, 3])(row[None])[0]).tolist()
    [0.0, 9.0, 9.0, -9.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    m, flags = circuit.read.shape[1], [schedule.START, schedule.REST]
    drains = (circuit.bias == 0) & (np.abs(circuit.read).sum(1) == 0.5)
    write = circuit.write * np.where(drains, 1.0, LOUD)
    columns = [*bits, *flags]
    echo = np.zeros((len(columns), m))
    echo[np.arange(len(columns)), columns] = [1.0] * len(bits) + [2.0] * len(flags)
    bias = np.array([0.5] * len(bits) + [-0.5] * len(flags))  # x = +-1, and 0 or 1: 3/2 or -1/2
    written = np.zeros((m, len(columns)))
    written[columns, np.arange(len(columns))] = [2.0 * (LOUD - 1)] * len(bits) + [LOUD - 1.0] * len(flags)
    constant = LOUD * circuit.constant
    constant[bits] -= LOUD - 1
    return Circuit(
        np.concatenate([circuit.read, echo]),
        np.concatenate([circuit.bias, bias]),
        np.concatenate([write, written], 1),
        constant,
    )


def loud_layers(schedule: Schedule, model: Transformer) -> list[Circuit]:
    """Every layer's arithmetic, echoes included."""
    m = model.embed_dim
    nothing = Circuit(np.zeros((0, m)), np.zeros(0), np.zeros((m, 0)), np.zeros(m))
    return [
        louder(arithmetic(layer, number) or nothing, schedule, bits)
        for number, (layer, bits) in enumerate(zip(model.layers, standing(schedule)[:-1], strict=True), 1)
    ]


def certify(schedule: Schedule, model: Transformer, shape: Shape, dtype: str | FloatModel) -> Certificate:
    """Prove, or say what fails. Never raises for a failing proof; `compile_program` does.

    Of a row that comes out of a norm: its factor is within `common` of 1, half a pair's difference within `own` of 1
    beside it, half a pair's sum at most `lean`. Heads add to it, where it is exactly 0, bits that are copied from other
    rows: beside this row's factor they are off by both rows'. The second norm takes the factor away. The arithmetic
    writes exact bits on top of its outcome, off by `missed` of 3, so that their sum is off by `missed / LOUD` of
    3 LOUD, and rounded once.

    >>> from logdepth.compiler.compile import compile_program
    >>> from logdepth.programs import pointer_doubling
    >>> found = compile_program(pointer_doubling, length=64, alphabet_size=64, k=63, target="bert")
    >>> certify(found.schedule, found.transformer, found.shape, "float32").holds
    True
    """
    proof = Proof(schedule, model, shape, dtype, BERT)
    add, d = proof.floats.add, shape.width
    assert not proof.floats.mixed
    heads: list[tuple[HeadBound, ...]] = []
    layers: list[LayerBound] = []
    stream, failure = Residual(live=schedule.digits_live[0] + 1), ""  # embedded bits are exact
    before = proof.norm(stream)
    lean = _lean(stream, before)
    for number, loud in enumerate(loud_layers(schedule, model), 1):
        live = schedule.digits_live[number - 1] + 1  # START or REST is one more bit
        bounds = proof.heads(number, before)
        heads.append(bounds)
        scratch, factor = len(proof.scratch(number)), before.common
        leak = max((bound.leak for bound in bounds if not bound.counts), default=0.0)
        copied = proof.bit_error(number, before, leak, Residual(live, scratch))
        beside = [_beside(bound, factor) for bound in bounds]
        averages = [COUNT_SCALE * (1 + b.average) for b in beside if b.counts and not isinstance(b, UnionBound)]
        most = max((bound.most for bound in beside if isinstance(bound, UnionBound)), default=0.0)
        unions = (UNION_SCALE * most,) * len(proof.united(number))  # drained
        middle = Residual(
            live,
            scratch,
            error=(1 + copied) / (1 - factor) - 1,
            averages=(*averages, *unions),
            home=before.own,
            factor=factor,
            lean=lean,
            mean=2 * live * lean / d,
        )
        after = proof.norm(middle)
        lean = _lean(middle, after)
        gate_error = proof.gates(number, loud, after, middle)
        threshold = proof.thresholds(number, loud, tuple(beside), after)
        missed = (1 + after.common) * (1 + after.own) - 1
        # the ramps read half the difference of what they take from; half the sum stays
        residue = ((1 + missed) * (1 + middle.error) * proof.floats.gamma(2) + lean) * (1 + add)
        residue *= bool(scratch or unions)
        rounded = add * (1 + (missed + lean) / LOUD)
        stream = Residual(
            schedule.digits_live[number] + 1,
            residues=scratch + len(unions) if residue else 0,
            residue=residue / LOUD,
            averages=tuple((average * (1 + missed) + lean) / LOUD for average in averages),
            home=missed / LOUD + rounded,
            lean=lean / LOUD + rounded,
            amplitude=AMPLITUDE * LOUD,
        )
        leaning = stream.live * stream.lean + stream.residues * stream.residue + len(averages) * lean / LOUD
        stream.mean = 2 * leaning / d
        last = proof.norm(stream)
        layers.append(LayerBound(number, (before, after), copied, residue, gate_error, threshold))
        lean, before = _lean(stream, last), last
        failure = failure or "; ".join(proof.failures)  # of the first layer only: later ones stand on it
    margin = proof.margin(before)
    if margin <= 0 and not failure:
        failure = "the logits' margin is gone"
    return Certificate(proof.floats.name, proof.length, failure, tuple(heads), tuple(layers), before, margin)


def _beside(bound: HeadBound, factor: float) -> HeadBound:
    """A head's averages beside the factor of the row that they are added to."""
    average = (1 + bound.average) / (1 - factor) - 1
    if not isinstance(bound, UnionBound):
        return dataclasses.replace(bound, average=average)
    present, absent, most = bound.present / (1 + factor), bound.absent / (1 - factor), bound.most / (1 - factor)
    return dataclasses.replace(bound, average=average, present=present, absent=absent, most=most)


def _lean(stream: Residual, norm: NormBound) -> float:
    """Half the sum of a pair after a norm: half the sum before, less the mean, and both members' rounding."""
    return (1 + norm.common) * (stream.lean + norm.mean + norm.own * (1 + norm.mean + stream.lean))


def transformer_to_bert(
    model: Transformer, schedule: Schedule, shape: Shape, certificate: Certificate, start_id: int
) -> Checkpoint:
    """The weights. Raises `InputError` if a row-wise map is an arbitrary function: it has no weights.

    >>> from logdepth import compile
    >>> from logdepth.programs import pointer_doubling
    >>> compile(pointer_doubling, length=16, alphabet=16, k=16, target="bert").checkpoint.config["num_hidden_layers"]
    4
    """
    d, head_dim, m = shape.width, shape.head_dim, model.embed_dim
    homes, root = standing(schedule), BERT.score_divisor(head_dim)
    embeddings, tensors = "bert.embeddings.", dict[str, np.ndarray]()
    tensors[embeddings + "word_embeddings.weight"] = paired(AMPLITUDE * model.embedding.tokens, d)
    tensors[embeddings + "position_embeddings.weight"] = paired(AMPLITUDE * model.embedding.positions, d)
    tensors[embeddings + "token_type_embeddings.weight"] = np.zeros((2, d))
    tensors |= _norm(embeddings + "LayerNorm.", schedule, homes[0], [], AMPLITUDE, d)
    for number, (layer, loud) in enumerate(zip(model.layers, loud_layers(schedule, model), strict=True), 1):
        prefix = f"bert.encoder.layer.{number - 1}."
        query, key, value, project = (np.zeros((d, d)) for _ in range(4))
        written: list[int] = []
        for h, head in enumerate(layer.heads):
            forms = [affine(form, number, head.name) for form in (head.query, head.key, head.value)]
            bound, rows = certificate.heads[number - 1][h], h * head_dim
            scale = bound.sharpness * root / AMPLITUDE**2
            if not bound.counts:
                scale = 2.0 ** round(math.log2(scale))
            query[rows : rows + len(forms[0].bias)] = reading(schedule, forms[0], d) * scale
            key[rows : rows + len(forms[1].bias)] = reading(schedule, forms[1], d)
            targets = np.flatnonzero(np.abs(forms[2].weight).sum(1) + np.abs(forms[2].bias))
            narrow = Affine(forms[2].weight[targets], forms[2].bias[targets])
            value[rows : rows + len(targets)] = reading(schedule, narrow, d)  # 3 times a bit, as it is to be written
            for place, target in enumerate(targets.tolist()):
                project[[2 * target, 2 * target + 1], rows + place] = 1.0, -1.0
                written.append(target)
        inner, outer = np.zeros((shape.inner, d)), np.zeros((d, shape.inner))
        inner[: loud.num_hidden] = 2 * BERT.gate * reading(schedule, Affine(loud.read, loud.bias), d)
        outer[:, : loud.num_hidden] = paired(AMPLITUDE / BERT.ceiling * loud.write.T, d).T
        tensors |= {
            prefix + "attention.self.query.weight": query,
            prefix + "attention.self.query.bias": np.zeros(d),
            prefix + "attention.self.key.weight": key,
            prefix + "attention.self.key.bias": np.zeros(d),
            prefix + "attention.self.value.weight": value,
            prefix + "attention.self.value.bias": np.zeros(d),
            prefix + "attention.output.dense.weight": project,
            prefix + "attention.output.dense.bias": np.zeros(d),
            **_norm(prefix + "attention.output.LayerNorm.", schedule, homes[number - 1], written, AMPLITUDE, d),
            prefix + "intermediate.dense.weight": inner,
            prefix + "intermediate.dense.bias": np.zeros(shape.inner),
            prefix + "output.dense.weight": outer,
            prefix + "output.dense.bias": paired(AMPLITUDE * loud.constant[None], d)[0],
            **_norm(prefix + "output.LayerNorm.", schedule, homes[number], [], AMPLITUDE * LOUD, d),
        }
    labels = len(model.readout.map.weight)
    tensors |= {"classifier.weight": reading(schedule, model.readout.map, d), "classifier.bias": np.zeros(labels)}
    assert m * 2 <= d
    config = {
        "model_type": "bert",
        "architectures": ["BertForTokenClassification"],
        "attention_probs_dropout_prob": 0.0,
        "bos_token_id": start_id,
        "classifier_dropout": 0.0,
        "eos_token_id": start_id,
        "hidden_act": "relu6",
        "hidden_dropout_prob": 0.0,
        "hidden_size": d,
        "initializer_range": 0.02,
        "intermediate_size": shape.inner,
        "is_decoder": False,
        "layer_norm_eps": BERT.epsilon,
        "max_position_embeddings": len(model.embedding.positions),
        "num_attention_heads": shape.num_heads,
        "num_hidden_layers": model.depth,
        "num_labels": labels,
        "pad_token_id": start_id,
        "position_embedding_type": "absolute",
        "type_vocab_size": 2,
        "vocab_size": len(model.embedding.tokens),
        "dtype": certificate.dtype,
        "torch_dtype": certificate.dtype,
    }
    return Checkpoint(config, tensors, certificate.dtype)


def _norm(
    prefix: str, schedule: Schedule, bits: list[int], written: list[int], amplitude: float, width: int
) -> dict[str, np.ndarray]:
    """A LayerNorm that gives 3 for bits of that amplitude, and 0 wherever nothing stands."""
    averages = set(schedule.averages())
    live = len(bits) + 1 + len(set(written) - averages)  # START or REST is one more bit
    gain = np.zeros(width)
    for coordinate in (schedule.START, schedule.REST, *bits, *written):
        gain[2 * coordinate : 2 * coordinate + 2] = norm_gain(live, width, BERT, amplitude)
    return {prefix + "weight": gain, prefix + "bias": np.zeros(width)}
