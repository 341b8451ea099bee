"""Dictionary entries for the words of a sentence, to stand in its prompt.

    python -m icl.eval --lang sw --shots 1 --dictionary auto
    python -m icl.eval --lang wo --shots 1 --dictionary my_lexicon.tsv --template dipmt

Dictionary-based prompting (DiPMT, Ghazvininejad et al. 2023, https://arxiv.org/abs/2302.07856)
tells the model what rare words may mean. Words are found by the longest match, and where a form is
no headword by its base forms (`data.lexicon.lemmas`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.access import Access
from data.files import canonical_json, sha256_text
from data.languages import Language
from data.lexicon import Lexicon, match_at
from data.lexicon.lemmas import Lemmatizer, lemmatizer_for
from data.lexicon.load import HEADER, load_lexicon
from data.words import word_runs
from icl.options import LayoutOptions
from icl.prompt import Hint

MEANINGS = 3  # of a word, those that the lexicon lists first


@dataclass(frozen=True)
class Dictionary:
    """A lexicon as prompts use it.

    Attributes:
        lemmatizer: for a word that has no entry, its base forms.
    """

    lexicon: Lexicon
    lemmatizer: Lemmatizer | None = None

    @property
    def identity(self) -> Mapping[str, str]:
        """What makes its entries these: part of every signature."""
        return {
            "dictionary": self.lexicon.name,
            "dictionary-sha256": fingerprint(self.lexicon),
            **identity_of(self.lemmatizer),
        }

    def hints(self, sentence: str) -> tuple[Hint, ...]:
        """What the lexicon knows of a sentence, in its order, each phrase once.

        >>> from data.lexicon import Entry
        >>> lexicon = Lexicon((Entry("paka", "cat"), Entry("asante sana", "thank you")), "sw", "en")
        >>> Dictionary(lexicon).hints("Paka, asante sana! Paka?")
        (Hint(word='Paka', meanings=('cat',)), Hint(word='asante sana', meanings=('thank you',)))
        """
        found: dict[str, Hint] = {}
        lemmas = self.lemmatizer.lemmas if self.lemmatizer else None
        for run in word_runs(sentence):
            words = [sentence[start:stop] for start, stop in run]
            at = 0
            while at < len(words):
                length, entries = match_at(self.lexicon, words, at, lemmas)
                if entries:
                    word = " ".join(words[at : at + length])
                    meanings = dict.fromkeys(entry.target for entry in entries)
                    found.setdefault(word.casefold(), Hint(word, tuple(meanings)[:MEANINGS]))
                at += max(length, 1)
        return tuple(found.values())


def open_dictionary(
    options: LayoutOptions,
    source: Language,
    target: Language,
    access: Access = Access(),
    *,
    skip_bad: bool = False,
) -> Dictionary | None:
    """The dictionary that --dictionary names: "auto" is the best lexicon at hand, else a data set
    or a file; None where there is to be none.

    Raises:
        InputError, UnavailableError: as `data.lexicon.load.load_lexicon`.
    """
    if options.dictionary is None:
        return None
    lexicon = load_lexicon(
        source,
        target,
        name=None if options.dictionary == "auto" else options.dictionary,
        format=options.lexicon_format,
        header=HEADER[options.lexicon_header],
        skip_bad=skip_bad,
        access=access,
    )
    lemmatizer = lemmatizer_for(source, lexicon, lemmas=options.lemmas, access=access)
    return Dictionary(lexicon, lemmatizer)


def fingerprint(lexicon: Lexicon) -> str:
    """The first 16 hex digits of the sha256 of a lexicon's words and translations."""
    entries = [[entry.source, entry.target] for entry in lexicon.entries]
    return sha256_text(canonical_json(entries))[:16]


def identity_of(lemmatizer: Lemmatizer | None) -> Mapping[str, str]:
    """What a lemmatiser adds to a signature."""
    if lemmatizer is None:
        return {"lemmatiser": "none"}
    return {"lemmatiser": lemmatizer.name, "lemmatiser-sha256": lemmatizer.sha256[:16]}
