"""The tokenizer that goes with a compiled model: one token a symbol, the start token put in front."""

from __future__ import annotations

import json

from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, processors

from logdepth.sequences import Alphabet

START, NONE, BLANK = "<start>", "<none>", "<blank>"


def token_names(alphabet: Alphabet, header_size: int, numbers: range | None) -> list[str]:
    """Every token's text, by id. `numbers`: the values of an output that is a number rather than a symbol.

    >>> token_names(Alphabet.of("AB"), 0, None), token_names(Alphabet.of("AB"), 2, None)
    (['A', 'B', '<start>'], ['<0>', '<1>', 'A', 'B', '<none>', '<blank>'])
    """
    names = [f"<{k}>" for k in range(header_size)] + list(alphabet.symbols)
    names += [NONE, BLANK] if header_size else [START]
    return names + [f"<={value}>" for value in numbers or ()]


def tokenizer_files(names: list[str], alphabet: Alphabet, header_size: int, length: int) -> dict[str, str]:
    """The texts of `tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json`, by name.

    Text that is not in the vocabulary is an error, not an unknown token: there is none.
    """
    tokenizer = Tokenizer(models.WordLevel({name: i for i, name in enumerate(names)}))
    pattern = r"<\d+>|\S" if alphabet.single else r"\S+"
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    tokenizer.pre_tokenizer = split  # type: ignore[assignment]
    special = [name for name in names if name.startswith("<")]
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in special])
    filler = NONE if header_size else START
    if not header_size:
        tokenizer.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
            single=f"{START} $A", special_tokens=[(START, names.index(START))]
        )
    marks = {"pad_token": filler, "bos_token": filler, "eos_token": filler}
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": length + 1,
        "padding_side": "right",
        "truncation_side": "right",
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"],
        **marks,
    }
    return {
        "tokenizer.json": tokenizer.to_str(pretty=True),
        "tokenizer_config.json": json.dumps(config, indent=2) + "\n",
        "special_tokens_map.json": json.dumps(marks, indent=2) + "\n",
    }
