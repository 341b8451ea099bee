"""The documents of a run as ids on disk, what is trained on and what is held out, with an account.

    parts = encode(sources, tokenizer, Path("runs/x"), print)
    parts[0].train, parts[0].held_out, parts[0].counts

A run that was killed finds its ids, and the counts of what was dropped, where it left them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.bounded import read_json
from data.errors import InputError
from data.files import canonical_json, sha256_text, write_whole
from training.pretraining.corpora import HELD_OUT, TRAIN, Counts, Source
from training.text import Encoded, encode_texts

FOLDER = "data"


@dataclass(frozen=True)
class Parts:
    """A corpus as ids; `held_out` is None where no document of it is."""

    source: Source
    train: Encoded
    held_out: Encoded | None
    counts: Counts

    def to_json(self, share: float) -> dict[str, Any]:
        """What scores.json and the model card say; `share` is that of the tokens drawn."""
        return {
            **self.source.to_json(),
            **self.counts.to_json(),
            "share": share,
            "documents": self.train.documents,
            "tokens": self.train.tokens,
            "characters": self.train.characters,
            "held_out_documents": self.held_out.documents if self.held_out else 0,
        }


def encode(
    sources: Sequence[Source], tokenizer: Any, folder: Path, report: Callable[[str], None]
) -> list[Parts]:
    """Tokenise the corpora into `folder`/data, or open what stands there.

    Raises:
        InputError: a bad line; a corpus in which nothing is left to train on, with the reasons.
        UnavailableError: the disk is full.
    """
    return [_encode(source, tokenizer, folder / FOLDER, report) for source in sources]


def _encode(source: Source, tokenizer: Any, folder: Path, report: Callable[[str], None]) -> Parts:
    def ids_of(part: str, texts: Iterator[str]) -> Encoded:
        key = source.key(part)
        return encode_texts(
            texts, tokenizer, folder, name=source.name, weight=source.weight, key=key
        )

    counts, path = Counts(), folder / f"counts-{_hash(source)}.json"
    if not path.exists():
        report(f"reading {source.name}")
    train = ids_of(TRAIN, _to_train_on(source, counts))
    if path.exists():
        counts = _read(path)
    else:
        _settle(source, counts, path, report)
    held_out = ids_of(HELD_OUT, source.texts(HELD_OUT)) if counts.documents[HELD_OUT] else None
    return Parts(source, train, held_out, counts)


def _to_train_on(source: Source, counts: Counts) -> Iterator[str]:
    yield from source.texts(TRAIN, counts)
    if not counts.documents[TRAIN]:
        raise InputError(_nothing(source, counts))


def _settle(source: Source, counts: Counts, path: Path, report: Callable[[str], None]) -> None:
    """Write down what was counted; count again where a killed run left its ids and no counts."""
    if not counts.documents:
        for _ in _to_train_on(source, counts):
            pass
    write_whole(path, canonical_json(counts.to_json()) + "\n")
    for line in _lines(counts):
        report(f"  {line}")


def _hash(source: Source) -> str:
    return sha256_text(canonical_json([source.name, source.key("counts")]))[:16]


def _read(path: Path) -> Counts:
    found = read_json(path, {name: {str: int} for name in ("documents", "dropped", "repaired")})
    return Counts(*(Counter(found[key]) for key in ("documents", "dropped", "repaired")))


def _lines(counts: Counts) -> Iterator[str]:
    documents = counts.documents
    yield f"{documents[TRAIN]:,} documents to train on, {documents[HELD_OUT]:,} held out"
    for what in (counts.dropped, counts.repaired):
        yield from (f"{reason}: {number:,}" for reason, number in what.items())


def _nothing(source: Source, counts: Counts) -> str:
    reasons = "; ".join(f"{reason}: {number:,}" for reason, number in counts.dropped.items())
    held = counts.documents[HELD_OUT]
    if held:
        reasons = "; ".join(filter(None, [reasons, f"held out: {held:,} (see --held-out)"]))
    return (
        f"{source.name}: expected text to train on, found none ({reasons or 'it is empty'}); give"
        " another corpus or leave it out"
    )
