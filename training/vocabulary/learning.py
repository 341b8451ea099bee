"""Train a SentencePiece vocabulary, always the same for the same text, for `transformers` as well.

    trained = train_tokenizer(["Ninapenda kusoma vitabu.", ...], size=8000, model="unigram")
    trained.save(Path("runs/tokenizer-sw"))

Kudo and Richardson 2018 (https://aclanthology.org/D18-2012), Kudo 2018 for the unigram model,
Sennrich et al. 2016 for BPE. Bytes stand in for characters that the text never showed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from data.errors import InputError
from data.files import canonical_json, write_whole
from models.library import missing_package
from training.vocabulary.conversion import NORMAL_FORMS, NormalForm, converted, rounded
from training.vocabulary.special import BOS, CLM, EOS, MASK, PAD, SENTINEL, UNKNOWN, wrapped

MODELS = ("unigram", "bpe")
THREADS = 4  # of the trainer: a constant, because partial sums differ with their number
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
) -> Trained:
    """Train a vocabulary of `size` pieces: special tokens, 256 bytes, and what the text teaches.

    Args:
        texts: lines; empty ones are skipped.
        sentinels: how many `<extra_id_N>` for filling spans (T5 has 100).
        normal_form: what text is brought to before anything else, here and whenever it is encoded.
        character_coverage: share of the text's characters with a piece of their own; the rarest
            others are spelt in bytes.

    Raises:
        InputError: no text; more pieces than the text can give, or fewer than its characters need.
        UnavailableError: sentencepiece or transformers is not installed.
    """
    if model not in MODELS or normal_form not in NORMAL_FORMS:
        raise InputError(
            f'model "{model}", normal form "{normal_form}": expected one of {", ".join(MODELS)}'
            f" and one of {', '.join(NORMAL_FORMS)}"
        )
    counted = _Counted(texts, normal_form)
    control = [MASK, CLM, *(SENTINEL.format(number) for number in range(sentinels))]
    raw = learn(
        counted,
        size,
        model=model,
        character_coverage=character_coverage,
        byte_fallback=True,
        control_symbols=control,
        required_chars=PRINTABLE,
    )
    exact = rounded(raw)
    record = {
        "model": model,
        "size": size,
        "sentinels": sentinels,
        "normal_form": normal_form,
        "character_coverage": character_coverage,
        "lines": counted.lines,
        "characters": counted.characters,
        "empty_lines": counted.empty,
        "text_sha256": counted.digest.hexdigest(),
        "versions": {
            name: importlib.metadata.version(name) for name in ("sentencepiece", "tokenizers")
        },
    }
    return Trained(exact, wrapped(converted(exact, normal_form), sentinels), record)


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
