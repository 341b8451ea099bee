"""Back-translation: text of one language, translated into another by a model, as pairs.

The text is the target, so what is learned to be written is real; the source begins with a tag that
tells it from real sources (Sennrich et al. 2016, https://aclanthology.org/P16-1009; Caswell et al.
2019, https://aclanthology.org/W19-5206).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import parse_json
from data.contamination import KeepOut
from data.corpus import Corpus, find_corpus
from data.errors import InputError
from data.files import canonical_json, sha256_text, write_whole
from models.resolve import Model, resolve_model
from training.auxiliary import language_of
from training.pretraining.corpora import split_weight
from training.translation.config import TranslatorConfig
from training.translation.sets import TranslationSet, check_once
from training.translation.translator import Translator

GREEDY = 1
RECORD = {"source": str, "target": str}
TOO_LONG, IN_TEST = "text of too many pieces", "text of a test set"


@dataclass(frozen=True)
class Monolingual:
    """Text of a language that a teacher translates into others.

    Attributes:
        language, others: BCP-47 codes; the others are those that pairs have beside it.
    """

    corpus: Corpus
    language: str
    others: tuple[str, ...]
    weight: float

    def to_json(self) -> dict[str, Any]:
        """What config.json says of it."""
        told = {"name": self.corpus.name, "language": self.language, "weight": self.weight}
        return {**told, **self.corpus.fingerprint(), "licence": self.corpus.licence}


def find_monolingual(
    config: TranslatorConfig, sets: Sequence[TranslationSet], access: Access
) -> tuple[Monolingual, ...]:
    """The texts that are translated back.

    Raises:
        InputError: no such corpus; nothing names its language, or no pair has that.
        UnavailableError: a file of the catalog cannot be had.
    """
    check_once(config.monolingual)
    return tuple(_found(text, sets, access) for text in config.monolingual)


def _found(text: str, sets: Sequence[TranslationSet], access: Access) -> Monolingual:
    name, weight = split_weight(text)
    corpus = find_corpus(name, access=access)
    try:
        language = language_of(corpus, access)
    except InputError as error:
        raise InputError(str(error).replace("--auxiliary", "--monolingual")) from error
    beside = [one.languages for one in sets if language in one.languages]
    others = tuple(dict.fromkeys(code for both in beside for code in both if code != language))
    if not others:
        every = ", ".join(sorted({code for one in sets for code in one.languages}))
        raise InputError(
            f"--monolingual {name}: expected text in a language of the pairs ({every}), found"
            f" {language}; give other text, or pairs of it"
        )
    return Monolingual(corpus, language, others, weight)


def find_teacher(
    config: TranslatorConfig, texts: Sequence[Monolingual], access: Access
) -> Model | None:
    """The model that translates back, checked.

    Raises:
        InputError: no such model, or one that does not know a language.
    """
    if config.teacher is None:
        return None
    model = resolve_model(config.teacher, access)
    for text in texts:
        Translator(model, access).check(text.language, *text.others)
    return model


def translated(
    text: Monolingual,
    teacher: Model,
    keep_out: KeepOut,
    folder: Path,
    limits: Mapping[str, int | None],
    access: Access,
) -> Iterator[TranslationSet]:
    """The pairs of a text, a set for each other language; translated once, then kept in `folder`.

    Args:
        limits: "texts" of the corpus and "length" of each in pieces; None: all.
    """
    for other in text.others:
        name = f"{text.corpus.name} from {other}"
        key = sha256_text(canonical_json([text.to_json(), other, teacher.revision, dict(limits)]))
        path = folder / f"back-{key[:16]}.jsonl"
        dropped: Counter[str] = Counter()
        if not path.exists():
            access.say(f"translating {text.corpus.name} into {other}")
            texts = list(_texts(text, teacher, keep_out, limits, dropped))
            made = Translator(teacher, access).translate(texts, text.language, other, beam=GREEDY)
            rows = zip(made, texts, strict=True)
            lines = [canonical_json({"source": a, "target": b}) + "\n" for a, b in rows if a]
            write_whole(path, "".join(lines))
        pairs = tuple(_pairs(path))
        if not pairs:
            raise InputError(f"--monolingual {text.corpus.name}: expected text, found none to use")
        yield TranslationSet(
            name,
            (other, text.language),
            pairs,
            text.weight,
            tagged=True,
            licence=text.corpus.licence,
            dropped=dropped,
        )


def _texts(
    text: Monolingual,
    teacher: Model,
    keep_out: KeepOut,
    limits: Mapping[str, int | None],
    dropped: Counter[str],
) -> Iterator[str]:
    """Texts that are in no test set and not too long."""
    coder = Translator(teacher).coder
    records = text.corpus.records(skip_bad=True, limit=limits["texts"], dropped=dropped)
    texts = [" ".join(record.text.split()) for record in records]
    most = min(coder.longest, limits["length"] or coder.longest)
    for one, ids in zip(texts, coder.ids(texts), strict=True):
        if keep_out.find(one):
            dropped[IN_TEST] += 1
        elif len(ids) + 2 > most:
            dropped[TOO_LONG] += 1
        else:
            yield one


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        record = parse_json(line, f"{path}:{number}", RECORD)
        yield record["source"], record["target"]
