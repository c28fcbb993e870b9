"""BERT (transformers' own): LayerNorm after attention and after the hidden layer, learned positions, sees both ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.simulation.layers import Activation, Hidden, SimulatedEmbedding, SimulatedModel, StandardBlock
from logdepth.simulation.sight import Sight
from logdepth.simulation.stock.modules import Reader, activation, readout

MODEL_TYPES = ("bert",)


def modules(kind: str) -> set[str]:
    """The kinds of modules that it is made of; the pooler stands beside the tokens' rows and is not simulated."""
    return {
        "BertModel", "BertForMaskedLM", "BertForTokenClassification", "BertEmbeddings", "BertEncoder", "BertLayer",
        "BertAttention", "BertSelfAttention", "BertSelfOutput", "BertIntermediate", "BertOutput", "BertPooler",
        "BertOnlyMLMHead", "BertLMPredictionHead", "BertPredictionHeadTransform",
    }  # fmt: skip


def simulated(model: Any, dtype: np.dtype, num_tokens: int) -> SimulatedModel:
    """Its arrays, for text of type 0 throughout. Raises `InputError` if it is a decoder."""
    name, config, read = type(model).__name__, model.config, Reader(dtype)
    if config.is_decoder or config.add_cross_attention:
        raise InputError(f"{name} is a decoder (is_decoder or add_cross_attention), which is not known of BERT")
    if getattr(config, "position_embedding_type", "absolute") not in (None, "absolute"):
        raise InputError(f"{name} has {config.position_embedding_type} positions; absolute ones are known")
    backbone = model if name == "BertModel" else model.bert
    blocks = []
    for layer, block in enumerate(backbone.encoder.layer):
        heads, after = block.attention.self, block.attention.output
        function = activation(block.intermediate.intermediate_act_fn, config.hidden_act, f"{name}, layer {layer}")
        blocks.append(
            StandardBlock(
                sight=Sight(causal=False),
                num_heads=heads.num_attention_heads,
                num_key_heads=heads.num_attention_heads,
                query=read.linear(heads.query),
                key=read.linear(heads.key),
                value=read.linear(heads.value),
                output=read.linear(after.dense),
                hidden=Hidden(read.linear(block.intermediate.dense), read.linear(block.output.dense), function),
                scale=heads.scaling,
                after_attention=read.layer_norm(after.LayerNorm),
                after_hidden=read.layer_norm(block.output.LayerNorm),
            )
        )
    head, classes = readout(), config.hidden_size
    if name == "BertForTokenClassification":
        head, classes = readout(read.linear(model.classifier)), config.num_labels
    elif name == "BertForMaskedLM":
        last = model.cls.predictions
        function = Activation(activation(last.transform.transform_act_fn, config.hidden_act, f"{name}, its head"))
        dense, norm = read.linear(last.transform.dense), read.layer_norm(last.transform.LayerNorm)
        head, classes = readout(dense, function, norm, read.linear(last.decoder)), config.vocab_size
    tables = backbone.embeddings
    positions = read.array(tables.position_embeddings.weight) + read.array(tables.token_type_embeddings.weight)[0]
    embedding = SimulatedEmbedding(
        read.array(tables.word_embeddings.weight), positions, read.layer_norm(tables.LayerNorm)
    )
    return SimulatedModel(name, embedding, blocks, head, classes, config.max_position_embeddings)
