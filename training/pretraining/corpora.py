"""The text of a run: corpora with weights, test sentences kept out, a part of each held out.

    sources = open_sources(["news.sw.txt:2", "runs/wo"], KeepOut(), held_out=0.02)
    for text in sources[0].texts(HELD_OUT, counts): ...

Which part a document is in hangs on its letters alone, so that it is the same on every machine and
copies of a document stand on one side. Nothing is read before `texts` is asked. `encode` puts the
documents on the disk as ids, with an account of what was dropped, where a run that was killed finds
them again.

>>> split_weight("lafand:train:sw:0.5"), split_weight("lafand:train:sw")
(('lafand:train:sw', 0.5), ('lafand:train:sw', 1.0))
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import read_json
from data.contamination import KeepOut
from data.corpus import Corpus, find_corpus
from data.errors import InputError
from data.files import canonical_json, sha256_text, write_whole
from data.spelling import letters_of
from training.text import Encoded, encode_texts

TRAIN, HELD_OUT = "train", "held out"


@dataclass
class Counts:
    """What was read of a corpus: documents by part, and by reason what was dropped or mended."""

    documents: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, dict[str, int]]:
        """The numbers, as JSON has them."""
        return {
            "documents": dict(self.documents),
            "dropped": dict(self.dropped),
            "repaired": dict(self.repaired),
        }


@dataclass(frozen=True)
class Source:
    """A corpus with its weight, and what of it may be trained on.

    Attributes:
        share: of its documents that are held out.
        limit: only so many of its first documents are read.
    """

    corpus: Corpus
    weight: float
    keep_out: KeepOut = field(repr=False)
    share: float
    limit: int | None = None
    skip_bad: bool = False

    @property
    def name(self) -> str:
        """As it was asked for, without the weight."""
        return self.corpus.name

    def texts(self, part: str, counts: Counts | None = None) -> Iterator[str]:
        """The documents of one part, in order; `counts` receives what the whole corpus has.

        Raises:
            InputError: a bad line.
        """
        counts = Counts() if counts is None else counts
        records = self.corpus.records(
            skip_bad=self.skip_bad,
            limit=self.limit,
            dropped=counts.dropped,
            repairs=counts.repaired,
        )
        for record in self.keep_out.records(records, counts.dropped):
            found = HELD_OUT if is_held_out(record.text, self.share) else TRAIN
            counts.documents[found] += 1
            if found == part:
                yield record.text

    def key(self, part: str) -> dict[str, Any]:
        """What the texts of a part hang on: the file, and what is left out of it."""
        return {
            **self.corpus.fingerprint(),
            "part": part,
            "held_out": self.share,
            "keep_out": self.keep_out.sha256,
            "limit": self.limit,
            "skip_bad": self.skip_bad,
        }

    def to_json(self) -> dict[str, Any]:
        """What config.json and the model card say of it."""
        return {
            "name": self.name,
            "weight": self.weight,
            "licence": self.corpus.licence,
            "languages": list(self.corpus.languages),
            "synthetic": self.corpus.synthetic,
            **self.corpus.fingerprint(),
        }


def open_sources(
    names: Sequence[str],
    keep_out: KeepOut,
    *,
    held_out: float,
    limit: int | None = None,
    skip_bad: bool = False,
    access: Access = Access(),
) -> list[Source]:
    """The corpora of these names, each with or without `:WEIGHT`.

    Raises:
        InputError: no such corpus, the same one twice, a weight of 0.
        UnavailableError: a file of the catalog cannot be had.
    """
    sources = []
    for text in names:
        name, weight = split_weight(text)
        if weight <= 0:
            raise InputError(f"--corpus {text}: expected a weight above 0; leave the corpus out")
        corpus = find_corpus(name, access=access)
        if corpus.note:
            access.say(corpus.note)
        sources.append(Source(corpus, weight, keep_out, held_out, limit, skip_bad))
    twice = [name for name, number in Counter(s.name for s in sources).items() if number > 1]
    if twice:
        raise InputError(f"--corpus {twice[0]}: named twice; give it a weight of 2 instead")
    return sources


def split_weight(text: str) -> tuple[str, float]:
    """The name and the weight of NAME[:WEIGHT]; a file may end in a colon and a number."""
    match = re.fullmatch(r"(.+):([0-9]{1,9}(?:\.[0-9]{1,9})?)", text)
    if match is None or Path(text).exists():
        return text, 1.0
    return match[1], float(match[2])


def is_held_out(text: str, share: float) -> bool:
    """Whether a document is scored and not trained on; copies of it are treated alike.

    >>> texts = [f"Hii ni sentensi ya {n}." for n in range(10_000)]
    >>> 0.09 < sum(is_held_out(text, 0.1) for text in texts) / len(texts) < 0.11
    True
    """
    digest = blake2b(letters_of(text).encode(), digest_size=8, person=b"held out").digest()
    return int.from_bytes(digest, "big") < share * 2**64


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


def encode(sources: Sequence[Source], tokenizer: Any, folder: Path, access: Access) -> list[Parts]:
    """Tokenise the corpora into `folder`/data, or open what stands there.

    Raises:
        InputError: a bad line; a corpus in which nothing is left to train on, with the reasons.
        UnavailableError: the disk is full.
    """
    return [_encode(source, tokenizer, folder / FOLDER, access) for source in sources]


def _encode(source: Source, tokenizer: Any, folder: Path, access: Access) -> Parts:
    def ids_of(part: str, texts: Iterator[str]) -> Encoded:
        key = source.key(part)
        return encode_texts(
            texts, tokenizer, folder, name=source.name, weight=source.weight, key=key
        )

    counts, path = Counts(), folder / f"counts-{_hash(source)}.json"
    if not path.exists():
        access.say(f"reading {source.name}")
    train = ids_of(TRAIN, _to_train_on(source, counts))
    if path.exists():
        counts = _read(path)
    else:
        _settle(source, counts, path, access)
    held_out = ids_of(HELD_OUT, source.texts(HELD_OUT)) if counts.documents[HELD_OUT] else None
    return Parts(source, train, held_out, counts)


def _to_train_on(source: Source, counts: Counts) -> Iterator[str]:
    yield from source.texts(TRAIN, counts)
    if not counts.documents[TRAIN]:
        raise InputError(_nothing(source, counts))


def _settle(source: Source, counts: Counts, path: Path, access: Access) -> None:
    """Write down what was counted; count again where a killed run left its ids and no counts."""
    if not counts.documents:
        for _ in _to_train_on(source, counts):
            pass
    write_whole(path, canonical_json(counts.to_json()) + "\n")
    for line in _lines(counts):
        access.say(f"  {line}")


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
