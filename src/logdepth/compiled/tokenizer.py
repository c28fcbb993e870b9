"""The tokenizer that goes with a compiled model: one token a symbol, the start token put in front."""

from __future__ import annotations

import json
import re

from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, processors

from logdepth.sequences import Alphabet
from logdepth.sequences.chain import MARK
from logdepth.vocabulary import NONE, START, Vocabulary


def tokenizer_files(vocabulary: Vocabulary, alphabet: Alphabet, length: int) -> dict[str, str]:
    """The texts of `tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json`, by name.

    Text that is not in the vocabulary is an error, not an unknown token: there is none.
    """
    names = vocabulary.names(alphabet.symbols)
    tokenizer = Tokenizer(models.WordLevel({name: i for i, name in enumerate(names)}))
    pointer = re.compile(rf"{MARK}\d+")
    single = all(len(symbol) == 1 or pointer.fullmatch(symbol) for symbol in alphabet.symbols)
    pattern = rf"<\d+>|{pointer.pattern}|\S" if single and not alphabet.single else r"<\d+>|\S" if single else r"\S+"
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    tokenizer.pre_tokenizer = split  # type: ignore[assignment]
    special = [name for name in names if name.startswith("<")]
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in special])
    filler = NONE if vocabulary.header_size else START
    if not vocabulary.header_size:
        tokenizer.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
            single=f"{START} $A", special_tokens=[(START, vocabulary.start)]
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
