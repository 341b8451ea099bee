"""The steps behind `lexaug.induce`: align a text, extract entries, judge them.

    corpus = load_parallel("lafand", resolve("en"), resolve("sw"), "train")
    induced = induce(corpus)
    quality = against_known(induced, known_translations(corpus.target))

Nothing here reads options, prints or writes.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from data.access import Access
from data.errors import InputError, UnavailableError
from data.languages import Language, resolve
from data.lexicon import fold
from data.load import ParallelCorpus, load_lexicon
from data.parallel import Pair
from lexaug.induction.alignment import (
    DEFAULT,
    Bitext,
    Integers,
    Settings,
    Side,
    WordPair,
    align,
    encode,
    usable,
)
from lexaug.induction.extraction import Candidate, Thresholds, common_words, scored, selected
from lexaug.induction.lexicon_quality import (
    Lemmas,
    Quality,
    Support,
    compare,
    held_back,
    support,
)

MINIMUM = 50  # sentence pairs: below it hardly a word is seen twice
SEED = 1  # of the half of a known lexicon that is held back

Engine = Literal["model2", "eflomal"]
ENGINES: tuple[Engine, ...] = ("model2", "eflomal")


@dataclass(frozen=True, slots=True)
class Induced:
    """A lexicon from a text, best entry first.

    Attributes:
        words: how often each English word occurs in the text.
        pairs: the sentence pairs that were aligned.
        dropped_pairs, dropped_candidates: what was left out, by reason.
    """

    entries: tuple[Candidate, ...]
    words: Mapping[str, int]
    pairs: frozenset[WordPair]
    dropped_pairs: Mapping[str, int]
    dropped_candidates: Mapping[str, int]

    def translations(self) -> dict[str, list[str]]:
        """Headword to translations, best first."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for entry in self.entries:
            found[entry.english].append(entry.target)
        return dict(found)


@dataclass(frozen=True, slots=True)
class Known:
    """A lexicon that people made, as headword to translations, and what it is called."""

    names: tuple[str, ...]
    translations: Mapping[str, frozenset[str]]


def induce(
    corpus: ParallelCorpus,
    thresholds: Thresholds = Thresholds(),  # noqa: B008 - frozen
    *,
    engine: Engine = "model2",
    settings: Settings = DEFAULT,
) -> Induced:
    """Align a corpus whose source is English and extract a lexicon.

    Raises:
        InputError: fewer than MINIMUM usable sentence pairs.
        UnavailableError: the engine is not installed.
    """
    dropped_pairs: Counter[str] = Counter()
    pairs = usable(corpus.pairs, dropped_pairs)
    if len(pairs) < MINIMUM:
        raise InputError(_too_few(corpus, len(pairs), dropped_pairs))
    bitext = encode(pairs)
    candidates = scored(bitext, *links(bitext, engine, settings), thresholds.min_count)
    dropped: Counter[str] = Counter()
    entries = selected(candidates, common_words(bitext.target), thresholds, dropped)
    words = dict(zip(bitext.source.words, bitext.source.counts().tolist(), strict=True))
    return Induced(tuple(entries), words, frozenset(pairs), dropped_pairs, dropped)


def links(bitext: Bitext, engine: Engine, settings: Settings) -> tuple[Integers, Integers]:
    """For every target token its source token, and the other way round; -1 for none."""
    if engine == "eflomal":
        return align_both(bitext)
    return align(bitext, settings), align(bitext.reversed(), settings)


def known_translations(
    language: Language,
    *,
    access: Access = Access(),
) -> Known | None:
    """All that the catalog's lexicons of English and a language say; None where it has none.

    Both directions count: FreeDict's English-Swahili and Swahili-English are different books.
    """
    english = resolve("en")
    names: list[str] = []
    translations: defaultdict[str, set[str]] = defaultdict(set)
    for source, target in ((english, language), (language, english)):
        try:
            lexicon = load_lexicon(source, target, access=access)
        except UnavailableError:
            continue
        names.append(lexicon.name)
        for entry in lexicon.entries:
            words = fold(entry.source), fold(entry.target)
            left, right = words if source is english else words[::-1]
            translations[left].add(right)
    if not names:
        return None
    frozen = {word: frozenset(found) for word, found in translations.items()}
    return Known(tuple(dict.fromkeys(names)), frozen)


def against_known(
    induced: Induced, known: Known, *, min_count: int = 2, lemmas: Lemmas | None = None
) -> Quality:
    """Quality on the held-back half of a known lexicon.

    Of its headwords count those of one word that occur `min_count` times in the text.
    """
    held = {
        word: known.translations[word]
        for word in held_back(known.translations, SEED)
        if induced.words.get(word, 0) >= min_count
    }
    return compare(induced.translations(), held, lemmas=lemmas)


def against_unseen(induced: Induced, pairs: Iterable[Pair]) -> Support:
    """Quality on sentences; those that the lexicon was made from are left out."""
    unseen = [pair for pair in usable(pairs, Counter()) if pair not in induced.pairs]
    return support(induced.translations(), unseen)


def _too_few(corpus: ParallelCorpus, usable_pairs: int, dropped: Mapping[str, int]) -> str:
    reasons = "".join(f", {number} left out ({reason})" for reason, number in dropped.items())
    return (
        f"{corpus.name} {corpus.split}: expected at least {MINIMUM} sentence pairs to align, found"
        f" {usable_pairs} of {len(corpus.pairs)}{reasons}; give more text"
    )


def align_both(bitext: Bitext) -> tuple[Integers, Integers]:
    """For every target token its source token, and the other way round; -1 for none.

    Raises:
        UnavailableError: eflomal is not installed, or fails.
    """
    try:
        from eflomal import Aligner
    except ImportError as error:
        raise UnavailableError(
            'the engine eflomal is not installed; pip install -e ".[eflomal]" (with a C compiler),'
            " or choose --engine model2"
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("forward", "backward")]
        source, target = _lines(bitext.source), _lines(bitext.target)
        try:
            Aligner().align(
                source,
                target,
                links_filename_fwd=str(files[0]),
                links_filename_rev=str(files[1]),
            )
        except (OSError, RuntimeError) as error:
            raise UnavailableError(f"eflomal failed: {error}; try --engine model2") from error
        forward, backward = (read_links(file, bitext) for file in files)
    return _link_of(forward, 1, bitext.target), _link_of(backward, 0, bitext.source)


def read_links(path: Path, bitext: Bitext) -> Integers:
    """Read `0-1 2-0`, a line a sentence, as tokens of the whole text, (links, 2).

    Raises:
        UnavailableError: another number of lines than sentences.
    """
    lines = path.read_text("ascii").splitlines()
    sentences = len(bitext.source.start) - 1
    if len(lines) != sentences:
        raise UnavailableError(
            f"{path}: expected the links of {sentences} sentences, found {len(lines)} lines;"
            " try --engine model2"
        )
    offsets = zip(bitext.source.start.tolist(), bitext.target.start.tolist(), strict=True)
    links = [
        (first + int(left), second + int(right))
        for (first, second), line in zip(offsets, lines, strict=False)
        for left, right in (link.split("-") for link in line.split())
    ]
    return np.array(links, np.int64).reshape(-1, 2)


def _lines(side: Side) -> list[str]:
    """Sentences as eflomal reads them: words between spaces."""
    words = [side.words[word] for word in side.ids.tolist()]
    return [" ".join(words[start:stop]) for start, stop in pairwise(side.start.tolist())]


def _link_of(links: Integers, column: int, side: Side) -> Integers:
    """What each token of one column is linked with in the other; -1 for nothing."""
    result = np.full(len(side.ids), -1)
    result[links[:, column]] = links[:, 1 - column]
    return result
