r"""Sentences with a tag on every token: parts of speech, named entities.

    corpus = load_tagged("masakhaner2", resolve("sw"))              # from the catalog
    for sentence in read_tagged(Path("ner.txt")):                   # `token TAG`
        print(sentence.tokens, data.labels.bio.spans(sentence.tags))
    columns = ("token", "pos", "chunk", "ner")                      # CoNLL-2003
    read_conll(Path("eng.testb"), columns, token="token", tag="ner")

    for sentence in read_conllu(Path("sw_x-ud-test.conllu")):       # Universal Dependencies

A file is streamed, a blank line ends a sentence.
Identifiers are `prefix` and the sentence's number in the file, from 1, which does not depend on
what is left out. A sentence with a bad line is an error, or with `skip_bad` left out whole and
counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from data.access import Access
from data.catalog import dataset
from data.errors import InputError
from data.files import appears_whole
from data.labels import bio
from data.labels.conll import DOCUMENT_MARK, NO_TOKENS, Block, read_blocks
from data.languages import Language
from data.lexicon import UNIVERSAL_POS
from data.load import fetch_split
from data.tsv import BYTE_ORDER_MARK, REPLACEMENT, counted, excerpt, reject

Scheme = Literal["pos", "bio"]
SCHEMES: dict[str, Scheme] = {"pos": "pos", "ner": "bio"}  # by the catalog's kind

CONLLU_COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")

# Reasons under which sentences or lines are left out.
BAD_ID = "ID that does not count on"
BAD_TAG = "tag that is not a Universal POS tag"
RANGE = "line of a multiword token, whose words are kept"
EMPTY_NODE = "empty node, which is no word of the text"


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """The tokens of a sentence and as many tags.

    >>> TaggedSentence("1", ("Nyeri",), ())
    Traceback (most recent call last):
    data.errors.InputError: sentence 1: expected a tag for each token, found 1 tokens and 0 tags
    """

    id: str
    tokens: tuple[str, ...]
    tags: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse lists of different lengths."""
        if len(self.tokens) != len(self.tags):
            raise InputError(
                f"sentence {self.id}: expected a tag for each token, found {len(self.tokens)}"
                f" tokens and {len(self.tags)} tags"
            )


@dataclass(frozen=True)
class TaggedCorpus:
    """One split of a data set in one language, with where it comes from.

    code: the data set's own for the language. scheme: `pos`, a part of speech a token, or `bio`,
    spans (see `data.labels.bio`; the tags are valid). dropped, repairs: counts by reason.
    """

    name: str
    code: str
    split: str
    scheme: Scheme
    language: Language
    sentences: tuple[TaggedSentence, ...]
    licence: str
    origin: str
    dropped: Counter[str]
    repairs: Counter[str]


def read_tagged(
    path: Path,
    *,
    prefix: str = "",
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
    keep_replacement: bool = False,
) -> Iterator[TaggedSentence]:
    """Yield the sentences of a file of two columns, `token TAG`, with spaces or a tab between.

    There are no comments: `# SYM` is the token #.

    Raises:
        InputError: `ner.txt:7: expected 2 columns (token, tag), found 1 ("Nyeri"); ...`; what
            `data.tsv.read_lines` refuses.
    """
    blocks = read_blocks(
        path,
        ("token", "tag"),
        separator=None,
        skip_bad=skip_bad,
        dropped=dropped,
        repairs=repairs,
        keep_replacement=keep_replacement,
    )
    for block in blocks:
        yield sentence_of(block, prefix, 0, 1)


def read_conll(
    path: Path,
    columns: Sequence[str],
    *,
    token: str,
    tag: str,
    separator: str | None = None,
    comments: bool = False,
    prefix: str = "",
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
    keep_replacement: bool = False,
) -> Iterator[TaggedSentence]:
    """Yield the sentences of a file with the columns that the caller names.

    Args:
        columns: names for all columns in order; `token` and `tag` say which two are wanted.
        separator, comments: see `data.labels.conll.read_blocks`.

    Raises:
        InputError: `token` or `tag` is none of the columns; a line with more or fewer.
    """
    for name in (token, tag):
        if name not in columns:
            raise InputError(f'no column "{name}" among {", ".join(columns)}; name one of them')
    blocks = read_blocks(
        path,
        columns,
        separator=separator,
        comments=comments,
        skip_bad=skip_bad,
        dropped=dropped,
        repairs=repairs,
        keep_replacement=keep_replacement,
    )
    for block in blocks:
        yield sentence_of(block, prefix, columns.index(token), columns.index(tag))


def write_tagged(
    path: Path, sentences: Iterable[TaggedSentence], *, keep_replacement: bool = False
) -> None:
    """Write `token TAG` lines that `read_tagged` reads back; the file appears whole.

    Args:
        keep_replacement: letters that a publisher lost (U+FFFD) stay; `read_tagged` reads them
            with the option of the same name.

    Raises:
        InputError: a token or tag that would not come back (see `tagged_lines`).
    """
    with appears_whole(path) as file:
        for sentence in sentences:
            lines = tagged_lines(sentence, keep_replacement=keep_replacement)
            file.write(lines.encode())


def tagged_lines(sentence: TaggedSentence, *, keep_replacement: bool = False) -> str:
    r"""The lines of one sentence in two columns, and the blank line after it.

    >>> tagged_lines(TaggedSentence("1", ("anasoma", "kitabu"), ("VERB", "NOUN")))
    'anasoma VERB\nkitabu NOUN\n\n'

    Raises:
        InputError: no tokens; a token or tag with a space, a tab or a line end, or that is empty
            or not NFC.
    """
    tokens = sentence.tokens
    if not tokens or (len(tokens) == 1 and tokens[0].startswith(DOCUMENT_MARK)):
        found = "".join(tokens) or "none"
        raise InputError(f"sentence {sentence.id}: expected tokens of a text, found {found}")
    for cell in (*sentence.tokens, *sentence.tags):
        if not _is_writable(cell.replace(REPLACEMENT, "?") if keep_replacement else cell):
            raise InputError(
                f"sentence {sentence.id}: expected tokens and tags of NFC text without spaces,"
                f" found {excerpt(cell)}; replace it before writing"
            )
    pairs = zip(sentence.tokens, sentence.tags, strict=True)
    return "".join(f"{token} {tag}\n" for token, tag in pairs) + "\n"


def load_tagged(
    name: str,
    language: Language | str,
    split: str = "test",
    *,
    access: Access = Access(),
) -> TaggedCorpus:
    """One split of a data set of the catalog in one language (or own code of the data set).

    Sentences with a bad line are left out, I- tags that continue nothing are made B-; how many
    stands in the corpus. Letters that the publisher lost (U+FFFD) stay.

    Raises:
        InputError: no such data set, language or split.
        UnavailableError: the file cannot be had.
    """
    entry = dataset(name)
    if entry.kind not in SCHEMES:
        raise InputError(f"{name} is a {entry.kind}, not tagged text")
    part = fetch_split(entry, language, (split,), access=access)
    dropped, repairs = Counter[str](), Counter[str]()
    sentences = read_tagged(
        part.paths[0], skip_bad=True, dropped=dropped, repairs=repairs, keep_replacement=True
    )
    if SCHEMES[entry.kind] == "bio":
        sentences = with_valid_bio(sentences, repairs)
    return TaggedCorpus(
        name=name,
        code=part.code,
        split=split,
        scheme=SCHEMES[entry.kind],
        language=part.language,
        sentences=tuple(sentences),
        licence=entry.licence,
        origin=part.origin,
        dropped=dropped,
        repairs=repairs,
    )


def with_valid_bio(
    sentences: Iterable[TaggedSentence], repairs: Counter[str]
) -> Iterator[TaggedSentence]:
    """The sentences with BIO tags that are valid; how many tags were mended is counted.

    Raises:
        InputError: a tag that is none of O, B-LABEL and I-LABEL.
    """
    for sentence in sentences:
        try:
            tags, mended = bio.repaired(sentence.tags)
        except InputError as error:
            raise InputError(f"sentence {sentence.id}: {error}") from error
        if mended:
            repairs[bio.REPAIRED] += mended
            sentence = replace(sentence, tags=tags)
        yield sentence


def sentence_of(block: Block, prefix: str, token: int, tag: int) -> TaggedSentence:
    """The sentence of a block; `token` and `tag` number the columns, from 0."""
    return TaggedSentence(
        f"{prefix}{block.number}",
        tuple(row.cells[token] for row in block.rows),
        tuple(row.cells[tag] for row in block.rows),
    )


def _is_writable(cell: str) -> bool:
    """Whether `read_tagged` would read the cell as it is."""
    bad = f" \t\n\r\0{BYTE_ORDER_MARK}{REPLACEMENT}"
    return (
        bool(cell)
        and not any(c in bad or "\ud800" <= c <= "\udfff" for c in cell)
        and unicodedata.is_normalized("NFC", cell)
    )


def read_conllu(
    path: Path,
    *,
    prefix: str = "",
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[TaggedSentence]:
    """Yield the words of Universal Dependencies' CoNLL-U with their UPOS.

    Syntactic words carry the tags: of Spanish `3-4 dime`, `3 di VERB`, `4 me PRON` the tokens are
    `di` and `me`. The line of the multiword token is left out, and so are empty nodes (`8.1`),
    which stand for what the text elides. Both are counted in `dropped`.

    Raises:
        InputError: not ten columns; words not numbered 1, 2, 3; a UPOS that is none of the 17.
    """
    blocks = read_blocks(
        path, CONLLU_COLUMNS, comments=True, skip_bad=skip_bad, dropped=dropped, repairs=repairs
    )
    with counted(dropped, path, "dropped") as tally:
        for block in blocks:
            words = _words(block, tally)
            fault = _fault_of_words(words)
            if fault is None:
                yield sentence_of(words, prefix, 1, 3)
            else:
                line, problem = fault
                reject(problem, f"{path}:{line}", skip_bad=skip_bad, dropped=tally)


def _words(block: Block, dropped: Counter[str]) -> Block:
    """The block without ranges (`3-4`) and empty nodes (`8.1`)."""
    others = [row for row in block.rows if re.fullmatch(r"\d+[-.]\d+", row.cells[0])]
    dropped.update(RANGE if "-" in row.cells[0] else EMPTY_NODE for row in others)
    words = tuple(row for row in block.rows if row not in others)
    return replace(block, rows=words)


def _fault_of_words(block: Block) -> tuple[int, tuple[str, str]] | None:
    """Where the words are bad first, under which reason, and what is wrong."""
    if not block.rows:
        return block.line, (NO_TOKENS, "expected words, found none")
    for number, row in enumerate(block.rows, 1):
        if row.cells[0] != str(number):
            message = f"expected the ID {number}, found {excerpt(row.cells[0])}"
            return row.line, (BAD_ID, message)
        if row.cells[3] not in UNIVERSAL_POS:
            message = f"expected a UPOS tag, found {excerpt(row.cells[3])}"
            return row.line, (BAD_TAG, message)
    return None
