"""The lines of a corpus on one side, to measure how much of them a lexicon covers."""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from data.access import Access
from data.catalog import Dataset, File, catalog
from data.download import fetch
from data.errors import InputError
from data.languages import Language
from data.lines import read_lines, unpacked_suffix
from data.load import load_parallel, splits
from data.pair_files import SUFFIXES as PAIRS
from data.tagged import SCHEMES, load_tagged

_LOG = logging.getLogger(__name__)


def corpus_lines(options: Namespace, language: Language, other: Language) -> Iterator[str]:
    """The lines of the corpus on the side asked for."""
    name, source_side = options.corpus, options.side == "source"
    side, beside = (other, language) if source_side else (language, other)
    known = catalog().get(name)
    if known and known.kind in SCHEMES:
        split = options.split or "test"
        for sentence in load_tagged(name, side, split, access=Access.of(options)).sentences:
            yield " ".join(sentence.tokens)
    elif known and known.reader == "aligned":
        file = _aligned_file(known, options.split or splits(name)[0], side, beside)
        path = fetch(file, access=Access.of(options)).path
        yield from (line for _, line in read_lines(path, keep_replacement=True))
    elif name == "sample" or unpacked_suffix(Path(name)) in PAIRS:
        settings = {"skip_bad": options.skip_bad, "access": Access.of(options)}
        corpus = load_parallel(name, other, language, options.split, **settings)
        for remark in corpus.remarks:
            _LOG.warning("%s", remark)
        yield from (pair.source if source_side else pair.target for pair in corpus.pairs)
    else:
        yield from (line for _, line in read_lines(Path(name), keep_replacement=True))


def _aligned_file(entry: Dataset, split: str, language: Language, beside: Language) -> File:
    """The text of a language; of several, as of English in lafand, that beside the other one."""
    files = entry.select(split, code=entry.code_for(language))
    other = beside.code_in(entry.codes())
    groups = {file.group for file in entry.select(split, code=other)} if other else set()
    chosen = [file for file in files if file.group in groups] or files
    if not chosen:
        roles = ", ".join(sorted({file.role for file in entry.contents} - {"archive", "documents"}))
        raise InputError(
            f'{entry.name} has no {language.name} in the split "{split}"; it has: {roles}'
        )
    return chosen[0]
