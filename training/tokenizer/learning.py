"""Train a SentencePiece vocabulary, always the same for the same text, for `transformers` as well.

    trained = train_tokenizer(["Ninapenda kusoma vitabu.", ...], size=8000, model="unigram")
    trained.save(Path("runs/tokenizer-sw"))

Kudo and Richardson 2018 (https://aclanthology.org/D18-2012), Kudo 2018 for the unigram model,
Sennrich et al. 2016 for BPE. Bytes stand in for characters that the text never showed.

The model becomes one of `tokenizers` that gives the same ids (`converted`). The two libraries
differ in corners, and each difference is taken away here:

- Unigram scores are added in 32 bits there and in 64 bits here, so that rounding breaks ties.
  `rounded` makes every score a multiple of 1/256: sums are exact in both.
- Byte pieces ("<0x41>") and special tokens are never read from text there. Here they stand in the
  vocabulary like any piece, so they get a score that no path would choose.
- A space in front of the text is added there always, here only if there is none: hence `Prepend`.
- SentencePiece's own normalisation tables are applied to whole graphemes here, so none are used;
  NFC or NFKC is done before SentencePiece and by `tokenizers` itself.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from data.errors import InputError
from data.files import canonical_json, write_whole
from models.library import missing_package
from training.tokenizer.boundaries import DELIMITER, Boundaries, cut_lines
from training.tokenizer.special import (
    BOS,
    CLM,
    EOS,
    MASK,
    PAD,
    SENTINEL,
    UNKNOWN,
    within_text,
    wrapped,
)
from training.tokenizer.surfaces import MARKER

MODELS = ("unigram", "bpe")
THREADS = 4  # of the trainer: a constant, because partial sums differ with their number
NORMAL_FORMS = ("nfc", "nfkc", "none")

NORMAL, CONTROL = 1, 3  # types of pieces in SentencePiece's model file
UNIGRAM = 1  # type of a model; the other one used is BPE
STEP = 256  # scores are multiples of 1/256: a sum up to 65,536 is exact in 32 bits
NEVER = 1000.0  # how far below the lowest score those pieces stand that text must not give
PRINTABLE = "".join(map(chr, range(ord("!"), ord("~") + 1)))
# A tab divides SentencePiece's own columns, U+2585 marks what it does not know, and it leaves out
# every line that holds one of them or NUL. As a space they cost nothing but themselves.
_RESERVED = str.maketrans(dict.fromkeys("\t\u2585\0\r\n", " "))
_LIMIT = re.compile(r"value <= (\d+)")
_LEAST = re.compile(r"(?<!\d)(\d+) vs (\d+)")
_LONGEST_LINE = 1 << 24  # bytes; the trainer's own limit of 4,192 drops longer lines in silence


@dataclass(frozen=True)
class Trained:
    """A new vocabulary.

    Attributes:
        model: SentencePiece's own file.
        tokenizer: the same for `transformers`, with the same ids.
        record: settings, sizes, the text's checksum, versions.
    """

    model: bytes
    tokenizer: Any
    record: dict[str, Any] = field(repr=False)

    def save(self, folder: Path) -> None:
        """Write tokenizer.json, tokenizer_config.json, sentencepiece.model, the record."""
        save_tokenizer(self.tokenizer, folder)
        write_whole(folder / "sentencepiece.model", self.model)
        write_whole(folder / "tokenizer_training.json", canonical_json(self.record) + "\n")


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """`save_pretrained`, each file whole or not at all."""
    with tempfile.TemporaryDirectory() as name:
        tokenizer.save_pretrained(name)
        for path in sorted(Path(name).iterdir()):
            write_whole(folder / path.name, path.read_bytes())


def train_tokenizer(
    texts: Iterable[str],
    size: int,
    *,
    model: Literal["unigram", "bpe"] = "unigram",
    sentinels: int = 0,
    normal_form: NormalForm = "nfc",
    character_coverage: float = 0.9999,
    boundaries: Boundaries | None = None,
    at_most: bool = False,
) -> Trained:
    """Train a vocabulary of `size` pieces: special tokens, 256 bytes, and what the text teaches.

    Args:
        texts: lines; empty ones are skipped.
        sentinels: how many `<extra_id_N>` for filling spans (T5 has 100).
        normal_form: what text is brought to before anything else, here and whenever it is encoded.
        character_coverage: share of the text's characters with a piece of their own; the rarest
            others are spelt in bytes.
        boundaries: words and where their morphemes part, which no piece reaches over while the
            vocabulary is learned.
        at_most: a text that cannot give so many pieces gives what it can.

    Raises:
        InputError: no text; more pieces than the text can give (but with `at_most`), or fewer than
            its characters need.
        UnavailableError: sentencepiece or transformers is not installed.
    """
    _check_names(model, normal_form)
    counted = _Counted(texts, normal_form)
    words = Counter[str]()
    control = [MASK, CLM, *(SENTINEL.format(number) for number in range(sentinels))]
    raw = learn(
        counted if boundaries is None else cut_lines(counted, boundaries, words),
        size,
        model=model,
        character_coverage=character_coverage,
        byte_fallback=True,
        control_symbols=control,
        required_chars=PRINTABLE,
        hard_vocab_limit=not at_most,
        **({} if boundaries is None else {"pretokenization_delimiter": DELIMITER}),
    )
    exact = rounded(raw)
    record = {
        "model": model,
        "size": len(parsed(exact).pieces) if at_most else size,
        "sentinels": sentinels,
        "normal_form": normal_form,
        "character_coverage": character_coverage,
        "lines": counted.lines,
        "characters": counted.characters,
        "empty_lines": counted.empty,
        "text_sha256": counted.digest.hexdigest(),
        **({} if boundaries is None else {"words": words["words"], "words cut": words["cut"]}),
        "versions": {
            name: importlib.metadata.version(name) for name in ("sentencepiece", "tokenizers")
        },
    }
    return Trained(exact, wrapped(converted(exact, normal_form), sentinels), record)


def _check_names(model: str, normal_form: str) -> None:
    """Refuse kinds of vocabularies and normal forms that there are none of."""
    if model not in MODELS or normal_form not in NORMAL_FORMS:
        raise InputError(
            f'model "{model}", normal form "{normal_form}": expected one of {", ".join(MODELS)}'
            f" and one of {', '.join(NORMAL_FORMS)}"
        )


def learn(texts: Iterable[str], size: int, *, model: str, **options: Any) -> bytes:
    """SentencePiece's trainer with our settings; its model file."""
    try:
        import sentencepiece
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    lines = _Watched(line.translate(_RESERVED) for line in texts)
    written = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=written,
            model_type=model,
            vocab_size=size,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            max_sentence_length=_LONGEST_LINE,
            num_threads=THREADS,
            minloglevel=3,
            pad_id=0,
            unk_id=1,
            bos_id=2,
            eos_id=3,
            pad_piece=PAD,
            unk_piece=UNKNOWN,
            bos_piece=BOS,
            eos_piece=EOS,
            **options,
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise lines.error or InputError(_advice(size, lines.count, str(error))) from error
    return written.getvalue()


def normalised(text: str, normal_form: NormalForm) -> str:
    """A text in the normal form of a vocabulary."""
    if normal_form == "none":
        return text
    return unicodedata.normalize("NFC" if normal_form == "nfc" else "NFKC", text)


class _Counted:
    """Normalised lines that are not empty, counted and summed up while they go by."""

    def __init__(self, texts: Iterable[str], normal_form: NormalForm) -> None:
        self._texts, self._form = texts, normal_form
        self.lines = self.characters = self.empty = 0
        self.digest = hashlib.sha256()

    def __iter__(self) -> Iterator[str]:
        for text in self._texts:
            line = normalised(text, self._form)
            if not line.strip():
                self.empty += 1
                continue
            self.lines += 1
            self.characters += len(line)
            self.digest.update(line.encode() + b"\n")
            yield line


class _Watched:
    """Lines on their way into the trainer, which hides what went wrong with them."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self.count = 0
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[str]:
        try:
            for line in self._lines:
                self.count += 1
                yield line
        except Exception as error:
            self.error = error
            raise


def _advice(size: int, lines: int, message: str) -> str:
    """What a user can do about the trainer's complaint."""
    if not lines:
        return "expected text to learn a vocabulary from, found none; check the input files"
    if most := _LIMIT.search(message):
        return f"{size} pieces are more than this text can give; ask for at most {most[1]}"
    if least := _LEAST.search(message):
        return (
            f"{size} pieces are too few for the characters of this text; ask for {least[2]} or more"
        )
    return f"SentencePiece could not learn {size} pieces: {' '.join(message.split())}"


NormalForm = Literal["nfc", "nfkc", "none"]


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
