"""GPT-2 as a trainable model: the paper's (no LM head), and a compiled one to go on from. transformers' own code."""

from __future__ import annotations

from typing import Any, cast

from jaxtyping import Float, Int
from torch import Tensor, nn

from logdepth.errors import InputError
from logdepth.models.config import ModelConfig
from logdepth.models.family import TrainableModel


class Gpt2(TrainableModel):
    """What both have in common: the blocks of `backbone`, transformers' own."""

    defaults = {"positions": "learned", "num_loops": 1, "causal": True, "num_auxiliary": 0}  # noqa: RUF012
    backbone: Any

    @classmethod
    def described(cls, config: ModelConfig) -> str:
        return f"a GPT-2 ({config.family})"

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        super().check(config)
        if config.graph:
            raise InputError(f"{cls.described(config)} takes strings, no graphs; give another --family")

    def projection(self, layer: nn.Module) -> nn.Module:
        return cast(Any, layer).attn.c_proj

    def attention(self, ids: Int[Tensor, "batch slots"]) -> list[Float[Tensor, "batch heads query key"]]:
        backbone = self.backbone
        before = backbone.config._attn_implementation
        backbone.set_attn_implementation("eager")
        try:
            return list(backbone(input_ids=ids, output_attentions=True).attentions)
        finally:
            backbone.set_attn_implementation(before)


class PaperTransformer(Gpt2):
    """Token ids (batch, slots) to logits (batch, slots, embed_dim): class c is coordinate c of the last hidden state.

    The parameters are transformers' `GPT2Model`'s, under the prefix `backbone.`, as in the released checkpoints.

    >>> model = PaperTransformer(ModelConfig("paper", 7, max_length=5, embed_dim=8, positions="learned"))
    >>> next(iter(model.state_dict()))
    'backbone.wte.weight'
    """

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        super().check(config)
        if config.vocab_size > config.embed_dim:
            raise InputError(
                f"the paper's model reads its classes off {config.embed_dim} coordinates; vocab_size is "
                f"{config.vocab_size}"
            )

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        GPT2Config, GPT2Model, _ = _stock()
        drop = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), config.dropout)
        self.backbone = GPT2Model(
            GPT2Config(
                vocab_size=config.vocab_size,
                n_positions=config.max_length,
                n_embd=config.embed_dim,
                n_layer=config.num_layers,
                n_head=config.num_heads,
                n_inner=config.hidden_dim or None,
                use_cache=False,
                bos_token_id=None,
                eos_token_id=None,
                **drop,
            )
        )

    @property
    def layers(self) -> list[nn.Module]:
        return list(self.backbone.h)

    def forward(self, ids: Int[Tensor, "batch slots"]) -> Float[Tensor, "batch slots classes"]:
        _check_slots(ids, self.config.max_length)
        return self.backbone(input_ids=ids).last_hidden_state


class CompiledTransformer(Gpt2):
    """A stock GPT-2 of the shape of a compiled model; token ids (batch, slots) to logits (batch, slots, vocab_size)."""

    takes_stock = True

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        GPT2Config, _, GPT2LMHeadModel = _stock()
        assert config.stock is not None
        self.backbone = GPT2LMHeadModel(GPT2Config(**{**config.stock, "use_cache": False}))

    @property
    def layers(self) -> list[nn.Module]:
        return list(self.backbone.transformer.h)

    def forward(self, ids: Int[Tensor, "batch slots"]) -> Float[Tensor, "batch slots classes"]:
        _check_slots(ids, self.config.max_length)
        return self.backbone(input_ids=ids).logits


def _stock() -> tuple[Any, Any, Any]:
    try:
        from transformers import GPT2Config, GPT2LMHeadModel, GPT2Model
    except ImportError as error:
        raise InputError(f"{error.name} is not installed: pip install 'logdepth[train]'") from error
    return GPT2Config, GPT2Model, GPT2LMHeadModel


def _check_slots(ids: Tensor, max_length: int) -> None:
    if ids.shape[1] > max_length:
        raise InputError(f"{ids.shape[1]} slots; the model has positions for {max_length}")
