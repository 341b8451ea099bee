"""Sentences of one language beside the same in English, in every language that a set has.

    for bitext in bitexts("tatoeba", ("swh", "amh")):
        bitext.sentences, bitext.english       # line by line

Three kinds of sets: aligned files (Tatoeba, NTREX, LAFAND); SIB-200, whose sentences have a topic
and stand in the same order in every language; and a file of pairs (.tsv, .tmx) of the user's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.access import Access
from data.catalog import Dataset, dataset
from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.labelled import read_labelled
from data.languages import Language, resolve
from data.lines import listed, unpacked_suffix
from data.load import (
    fetch_split,
    find_language,
    is_pairs_file,
    load_parallel,
    no_such_file,
    splits,
)
from data.parallel import PAIR_FORMATS

ENGLISH = ("eng", "eng_Latn", "en")
MANY_WAY = ("train", "dev", "test")  # of a labelled set, one after the other
ALL = "all"


@dataclass(frozen=True, slots=True)
class Bitext:
    """A language's sentences and the English ones that they correspond to.

    Attributes:
        corpus: the set's name; `code` the set's own for the language.
        labels: of each sentence; empty where the set has none.
        remarks: what was left out of it.
    """

    corpus: str
    code: str
    language: Language
    sentences: tuple[str, ...]
    english: tuple[str, ...]
    labels: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """The checksum of both sides."""
        return sha256_text(canonical_json([self.sentences, self.english]))


def codes_in(name: str, languages: str, access: Access = Access()) -> list[str]:
    """A set's own codes for the languages that were asked for, English left out.

    Args:
        languages: "all", or names and codes with commas between.

    Raises:
        InputError: the set has no such language, or no sentences with English beside them.
    """
    own = _own_codes(name)
    if languages == ALL:
        return sorted({code for code in own if code not in ENGLISH})
    wanted = [text.strip() for text in languages.split(",") if text.strip()]
    if not wanted:
        raise InputError("--lang is missing: name languages with commas between, or all")
    found = (text if text in own else _code_of(name, own, text, access) for text in wanted)
    return [code for code in dict.fromkeys(found) if code not in ENGLISH]


def language_of(name: str, code: str) -> Language:
    """The language of a code of the set.

    Raises:
        InputError: nobody's code, with the file that has it.
    """
    try:
        return resolve(code)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def _code_of(name: str, own: Sequence[str], text: str, access: Access) -> str:
    language = find_language(text, access=access)
    if not is_pairs_file(name):
        return dataset(name).code_for(language)
    code = language.code_in(own)
    if code is None:
        raise InputError(f"{name}: has no {text}; it has: {listed(own)}")
    return code


def bitexts(name: str, codes: Sequence[str], access: Access = Access()) -> Iterator[Bitext]:
    """The set in these languages, one after the other.

    Raises:
        InputError: sides of unequal length, a code that the set does not have.
        UnavailableError: a file cannot be had.
    """
    if not is_pairs_file(name) and (entry := _entry(name)).reader == "labelled":
        english, topics = _many_way(entry, "eng_Latn", access)
        for code in codes:
            sentences, labels = _many_way(entry, code, access)
            if labels != topics:
                raise InputError(
                    f"{name}: {code} has other labels or another number of sentences"
                    f" ({len(labels):,}) than English ({len(topics):,}), so that the sides do not"
                    " belong together; get its files again"
                )
            yield Bitext(name, code, resolve(code), sentences, english, labels)
        return
    split = splits(name)[0]
    for code in codes:
        language = language_of(name, code)
        corpus = load_parallel(name, language, resolve("en"), split, access=access)
        pairs = corpus.pairs
        yield Bitext(
            name,
            code,
            language,
            tuple(pair.source for pair in pairs),
            tuple(pair.target for pair in pairs),
            remarks=corpus.remarks,
        )


def _entry(name: str) -> Dataset:
    entry = dataset(name)
    if entry.reader != "aligned" and (entry.reader, entry.kind) != ("labelled", "topics"):
        raise InputError(
            f"--corpus {name}: is a {entry.kind} ({entry.reader}), and no sentences with English"
            " beside them; give tatoeba, sib200, ntrex-128, flores-200, lafand or a file of pairs"
        )
    return entry


def _own_codes(name: str) -> list[str]:
    if is_pairs_file(name):
        path = Path(name)
        if not path.is_file():
            raise no_such_file(path)
        return PAIR_FORMATS[unpacked_suffix(path)].codes(path)
    entry = _entry(name)
    role = "test" if entry.reader == "labelled" else splits(name)[0]
    return [code for file in entry.select(role) for code in file.codes]


def _many_way(entry: Dataset, code: str, access: Access) -> tuple[tuple[str, ...], tuple[str, ...]]:
    split = fetch_split(entry, code, MANY_WAY, access=access)
    rows = [row for path in split.paths for row in read_labelled(entry, path)]
    return tuple(row.text for row in rows), tuple(row.label for row in rows)
