"""Special tokens: which there are, and what stands around a text that is encoded.

    tokenizer = framed(open_fast_tokenizer(Path("runs/tokenizer")), "encoder")
    tokenizer("Habari")          # <s> ▁Ha bari </s>

Text of a corpus is data: "<mask>" in it is six characters and never the special token.
`literal_backend` gives a tokenizer that reads it like that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from data.errors import InputError

PAD, UNKNOWN, BOS, EOS = "<pad>", "<unk>", "<s>", "</s>"
MASK, CLM, SENTINEL = "<mask>", "[CLM]", "<extra_id_{}>"
FRAMES = {
    "encoder": f"{BOS} $A {EOS}",
    "decoder": f"{BOS} $A",
    "encoder-decoder": f"$A {EOS}",
}
ARCHITECTURES = tuple(FRAMES)
SENTINEL_PATTERN = re.compile(r"<extra_id_([0-9]{1,6})>")


def wrapped(backend: Any, sentinels: int) -> Any:
    """A `transformers` tokenizer over a `tokenizers` one that has our special tokens."""
    from transformers import PreTrainedTokenizerFast

    inner = [MASK, CLM, *(SENTINEL.format(number) for number in range(sentinels))]
    mask, *extra = within_text(inner, backend)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNKNOWN,
        pad_token=PAD,
        mask_token=mask,
        cls_token=BOS,
        sep_token=EOS,
        additional_special_tokens=extra,
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
    )


def within_text(pieces: Sequence[str], backend: Any) -> list[Any]:
    """Special tokens as they stand within a text, as in "Ninapenda <mask> sana".

    They take the place of pieces that have their space in front, so a space before one is a part
    of it; one after it is, too, where the tokenizer itself puts a space in front of what follows.
    """
    from tokenizers import AddedToken

    prepends = '"Prepend"' in json.dumps(json.loads(backend.to_str())["normalizer"])
    strips = {"lstrip": True, "rstrip": prepends}
    return [AddedToken(piece, special=True, normalized=False, **strips) for piece in pieces]


def framed(tokenizer: Any, architecture: str) -> Any:
    """The tokenizer, which from now on puts around a text what an architecture expects.

    Encoder: `<s> x </s>`; decoder: `<s> x`; encoder-decoder: `x </s>`. For tokenizers of our own;
    one that comes with a model keeps what the model was trained on.

    Raises:
        InputError: no such architecture, or the tokenizer has no <s> and </s>.
    """
    from tokenizers.processors import TemplateProcessing

    check_architecture(architecture)
    known = tokenizer.get_vocab()
    if BOS not in known or EOS not in known:
        raise InputError(f"expected a tokenizer with {BOS} and {EOS}; keep what its model expects")
    single = FRAMES[architecture]
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=single,
        pair=f"{single} {single.replace('$A', '$B').removeprefix(BOS).strip()}",
        special_tokens=[(BOS, known[BOS]), (EOS, known[EOS])],
    )
    return tokenizer


def check_architecture(architecture: str) -> None:
    """Raise `InputError` unless it is one of `ARCHITECTURES`."""
    if architecture not in FRAMES:
        raise InputError(
            f'architecture "{architecture}": expected one of {", ".join(ARCHITECTURES)}'
        )


def literal_backend(tokenizer: Any) -> Any:
    """A `tokenizers.Tokenizer` of its own to encode text in which no special token is meant."""
    from tokenizers import Tokenizer

    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    backend.no_truncation()
    backend.no_padding()
    backend.encode_special_tokens = True
    return backend


def encoded(backend: Any, texts: Sequence[str]) -> Iterator[list[int]]:
    """The ids of texts, without special tokens, in order; `backend` from `literal_backend`."""
    for encoding in backend.encode_batch_fast(texts, add_special_tokens=False):
        yield encoding.ids


def sentinel_ids(tokenizer: Any) -> tuple[int, ...]:
    """The ids of <extra_id_0>, <extra_id_1> ... as far as they go without a gap."""
    numbers = {
        int(match[1]): id_
        for piece, id_ in tokenizer.get_added_vocab().items()
        if (match := SENTINEL_PATTERN.fullmatch(piece))
    }
    found: list[int] = []
    while len(found) in numbers:
        found.append(numbers[len(found)])
    return tuple(found)


def add_special(tokenizer: Any, needed: Sequence[str]) -> int:
    """Give a tokenizer the special tokens that it lacks; the number of those added.

    The model's embeddings must then grow: `training.tokenizer.embeddings.grow_embeddings`.

    Args:
        needed: of "pad", "bos", "eos", "mask", "clm", and "sentinels:100".
    """
    before = len(tokenizer)
    backend = tokenizer.backend_tokenizer
    named = {"pad": PAD, "bos": BOS, "eos": EOS, "mask": within_text([MASK], backend)[0]}
    extra: list[str] = []
    for name in needed:
        if name in named and getattr(tokenizer, f"{name}_token_id") is None:
            if not _has_equivalent(tokenizer, name):
                tokenizer.add_special_tokens({f"{name}_token": named[name]})
        elif name == "clm":
            extra.append(CLM)
        elif name.startswith("sentinels:"):
            extra += [SENTINEL.format(n) for n in range(int(name.partition(":")[2]))]
    lacking = [token for token in extra if token not in tokenizer.get_vocab()]
    if lacking:
        tokenizer.add_tokens(within_text(lacking, backend), special_tokens=True)
    return len(tokenizer) - before


def _has_equivalent(tokenizer: Any, name: str) -> bool:
    """BERT's [CLS] and [SEP] open and close a text."""
    other = {"bos": "cls_token_id", "eos": "sep_token_id"}.get(name)
    return other is not None and getattr(tokenizer, other) is not None
