"""A SentencePiece model as a `tokenizers` model that gives the same ids.

The two libraries differ in corners, and each difference is taken away here:

- Unigram scores are added in 32 bits there and in 64 bits here, so that rounding breaks ties.
  `rounded` makes every score a multiple of 1/256: sums are exact in both.
- Byte pieces ("<0x41>") and special tokens are never read from text there. Here they stand in the
  vocabulary like any piece, so they get a score that no path would choose.
- A space in front of the text is added there always, here only if there is none: hence `Prepend`.
- SentencePiece's own normalisation tables are applied to whole graphemes here, so none are used;
  NFC or NFKC is done before SentencePiece and by `tokenizers` itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from data.errors import InputError
from training.vocabulary.special import BOS, EOS, PAD, UNKNOWN, within_text
from training.vocabulary.surfaces import MARKER

NormalForm = Literal["nfc", "nfkc", "none"]
NORMAL_FORMS = ("nfc", "nfkc", "none")

NORMAL, CONTROL = 1, 3  # types of pieces in SentencePiece's model file
UNIGRAM = 1  # type of a model; the other one used is BPE
STEP = 256  # scores are multiples of 1/256: a sum up to 65,536 is exact in 32 bits
NEVER = 1000.0  # how far below the lowest score those pieces stand that text must not give


def parsed(model: bytes) -> Any:
    """A SentencePiece model file as the message that it is."""
    from sentencepiece import sentencepiece_model_pb2

    message = sentencepiece_model_pb2.ModelProto()
    message.ParseFromString(model)
    return message


def rounded(model: bytes) -> bytes:
    """The model with scores that both libraries add up without rounding."""
    message = parsed(model)
    if message.trainer_spec.model_type == UNIGRAM:
        for piece in message.pieces:
            piece.score = exact(piece.score)
    return bytes(message.SerializeToString(deterministic=True))


def exact(score: float) -> float:
    """The nearest multiple of 1/256.

    >>> exact(-4.7112)
    -4.7109375
    """
    return round(score * STEP) / STEP


def converted(model: bytes, normal_form: NormalForm = "nfc") -> Any:
    """The `tokenizers.Tokenizer` of a SentencePiece model that `training.tokenizer` trained.

    Raises:
        InputError: the model normalises text by a table of its own, or joins spaces.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers

    message = parsed(model)
    _check_normalizer(message.normalizer_spec)
    tokenizer = Tokenizer(_core(message))
    tokenizer.normalizer = _normalizer(normal_form)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=True)
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace(MARKER, " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    around = (PAD, UNKNOWN, BOS, EOS)
    control = [piece.piece for piece in message.pieces if piece.type == CONTROL]
    tokenizer.add_special_tokens(
        [AddedToken(piece, special=True, normalized=False) for piece in around]
    )
    inner = [piece for piece in control if piece not in around]
    tokenizer.add_special_tokens(within_text(inner, tokenizer))
    return tokenizer


def _core(message: Any) -> Any:
    """The Unigram or BPE model of `tokenizers`."""
    from tokenizers import models

    fallback = message.trainer_spec.byte_fallback
    if message.trainer_spec.model_type == UNIGRAM:
        return models.Unigram(_scored(message), unk_id=_unknown_id(message), byte_fallback=fallback)
    ids = {piece.piece: number for number, piece in enumerate(message.pieces)}
    scores = {piece.piece: piece.score for piece in message.pieces if piece.type == NORMAL}
    return models.BPE(
        ids, list(merges(scores)), unk_token=UNKNOWN, fuse_unk=True, byte_fallback=fallback
    )


def merges(scores: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """The merges of a BPE model that lists its pieces with scores, the best first.

    SentencePiece joins any two neighbours that make a piece; a merge of `tokenizers` names the two.

    >>> list(merges({"a": -4, "b": -5, "ab": 0, "aab": -1, "aa": -2}))
    [('a', 'b'), ('a', 'ab'), ('aa', 'b'), ('a', 'a')]
    """
    for piece in sorted(scores, key=lambda one: -scores[one]):
        for cut in range(1, len(piece)):
            if piece[:cut] in scores and piece[cut:] in scores:
                yield piece[:cut], piece[cut:]


def _scored(message: Any) -> list[tuple[str, float]]:
    never = min(piece.score for piece in message.pieces) - NEVER
    return [
        (piece.piece, piece.score if piece.type == NORMAL else never) for piece in message.pieces
    ]


def _unknown_id(message: Any) -> int:
    return next(n for n, piece in enumerate(message.pieces) if piece.piece == UNKNOWN)


def _normalizer(normal_form: NormalForm) -> Any:
    from tokenizers import normalizers

    forms = {"nfc": normalizers.NFC(), "nfkc": normalizers.NFKC()}
    first = [forms[normal_form]] if normal_form in forms else []
    return normalizers.Sequence([*first, normalizers.Prepend(MARKER)])


def _check_normalizer(specification: Any) -> None:
    if specification.precompiled_charsmap or specification.remove_extra_whitespaces:
        raise InputError(
            "expected a SentencePiece model with the identity normaliser that keeps every space,"
            f' found "{specification.name}"; train it with python -m training.tokenizer train'
        )
