"""From two languages to a lexicon: the best at hand, one of the catalog by name, or a file.

>>> from data.languages import resolve
>>> lexicon = load_lexicon(resolve("en"), resolve("sw"), name="sample")
>>> lexicon.name, len(lexicon), lexicon.lookup("bread")[0].target
('sample', 400, 'mkate')
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data.access import Access
from data.catalog import Dataset, File, catalog, warn_of_relative
from data.download import NoSourceError, fetch
from data.errors import InputError, UnavailableError
from data.languages import RELATIONS, Language, Match
from data.lexicon import Lexicon, ranked, read_bilingual_tsv
from data.lexicon.files import FORMATS, read_dictd, read_lexicon
from data.lexicon.reading import Reading, TurnedRoundError, tag_of
from data.lines import by_reason

_LOG = logging.getLogger(__name__)

SAMPLE_LEXICON = Path(__file__).parents[1] / "sample" / "lexicon.en-sw.tsv"

# What --lexicon-header takes, and what a reader is told.
HEADER = {"yes": True, "no": False, None: None}


def load_lexicon(
    source: Language,
    target: Language,
    *,
    name: str | None = None,
    format: str | None = None,  # noqa: A002  the option's name on the command line
    header: bool | None = None,
    skip_bad: bool = False,
    access: Access = Access(),
) -> Lexicon:
    """The lexicon of that name, or the best at hand.

    Best first: the closest languages, then this direction, then one turned round. Where none can
    be had, English and Swahili have the sample's. What stands in for what is logged as a warning.

    Args:
        name: a data set of the catalog (`gatitos`), `sample`, or a file or folder; it must be a
            lexicon of these languages. One in the other direction, as the catalog or the file
            itself says, is turned round; a file that does not say is taken to be in this one.
        format, header, skip_bad: how a file is read; see `data.lexicon.files.read_lexicon`.

    Raises:
        InputError: no such name; a lexicon of other languages; a file with a bad record.
        UnavailableError: there is none, and the message says what was tried; or a file is damaged.
    """
    if name == "sample":
        return _sample(source, target)
    if name is not None and name not in catalog():
        return _from_file(name, source, target, format, header, skip_bad)
    if name is not None and catalog()[name].kind != "lexicon":
        raise InputError(f"{name} is a {catalog()[name].kind}, not a lexicon")
    return _from_catalog(source, target, name, access)


def licence_of(origin: str) -> str | None:
    """The licence of a data set of the catalog, or of the sample, that entries come from.

    >>> licence_of("sample"), licence_of("freedict/eng-swh"), licence_of("mine.tsv")
    ('CC0-1.0', 'GPL-2.0-or-later', None)
    """
    name = origin.partition("/")[0]
    if name == "sample":
        return "CC0-1.0"
    return catalog()[name].licence if name in catalog() else None


def _from_file(
    name: str,
    source: Language,
    target: Language,
    format_: str | None,
    header: bool | None,
    skip_bad: bool,
) -> Lexicon:
    path = Path(name)
    if not path.exists():
        lexicons = [entry.name for entry in catalog().values() if entry.kind == "lexicon"]
        raise InputError(
            f"{name}: no such file, and no lexicon of that name; give a file, sample,"
            f" {', '.join(lexicons)}"
        )
    how: dict[str, Any] = {"skip_bad": skip_bad, "header": header}
    try:
        lexicon = read_lexicon(path, source, target, format_, **how)
    except TurnedRoundError:
        lexicon = read_lexicon(path, target, source, format_, **how).inverted()
    if skip_bad and lexicon.dropped:
        _LOG.warning("%s: left out: %s", name, by_reason(Counter(lexicon.dropped)))
    return lexicon


def _from_catalog(
    source: Language,
    target: Language,
    name: str | None,
    access: Access,
) -> Lexicon:
    reasons = []
    for candidate in _candidates(source, target, name):
        try:
            lexicon = _read(candidate, source, target, access)
        except NoSourceError as error:
            reasons.append(str(error))
        else:
            for language, match in zip((source, target), candidate.matches, strict=True):
                warn_of_relative(lexicon.name, language, match)
            return lexicon
    why = "; ".join(reasons) or f"{name or 'the catalog'} names none"
    if name is None and {source.bcp47, target.bcp47} == {"en", "sw"}:
        _LOG.warning("the small lexicon of the sample is used: %s", why)
        return _sample(source, target)
    raise UnavailableError(f"no lexicon from {source.name} to {target.name}: {why}")


def _sample(source: Language, target: Language) -> Lexicon:
    if {source.bcp47, target.bcp47} != {"en", "sw"}:
        raise InputError(
            f"the sample is a lexicon of English and Swahili, not of {source.name} and"
            f" {target.name}; give a file or a data set"
        )
    columns = ("english", "swahili", "pos")
    lexicon = read_bilingual_tsv(
        SAMPLE_LEXICON, "en", "sw", columns=columns, header=True, name="sample"
    )
    return lexicon if source.bcp47 == "en" else lexicon.inverted()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A lexicon of the catalog that fits, perhaps when it is turned round."""

    entry: Dataset
    files: tuple[File, ...]
    turned: bool
    matches: tuple[Match, Match]

    def distance(self) -> int:
        """0 for the languages themselves; more for a macrolanguage, most for a sister."""
        return sum(
            2 * RELATIONS.index(match.relation) + (not match.same_script) for match in self.matches
        )


def _candidates(source: Language, target: Language, name: str | None) -> list[_Candidate]:
    """The lexicons for two languages, best first; those of one data set if it is named."""
    found = []
    for entry in catalog().values():
        if entry.kind != "lexicon" or name not in (None, entry.name):
            continue
        for group in dict.fromkeys(file.group for file in entry.contents):
            files = tuple(file for file in entry.contents if file.group == group)
            left, right = files[0].codes
            for turned, (first, second) in enumerate([(left, right), (right, left)]):
                matches = source.closest([first]), target.closest([second])
                if matches[0] and matches[1]:
                    found.append(_Candidate(entry, files, bool(turned), (matches[0], matches[1])))
    return sorted(found, key=lambda one: (one.distance(), one.turned, one.entry.name))


def _read(
    candidate: _Candidate,
    source: Language,
    target: Language,
    access: Access,
) -> Lexicon:
    """Read what the catalog describes: it is known to be in these languages and this form."""
    entry, turned = candidate.entry, candidate.turned
    paths = {f.role: fetch(f, access=access).path for f in candidate.files}
    sides = zip((source, target), candidate.matches, strict=True)
    tags = [tag_of(replace(language, script=match.language.script)) for language, match in sides]
    left, right = reversed(tags) if turned else tags
    name = f"{entry.name}/{candidate.files[0].group}"
    if entry.reader == "dictd":  # its two files need not stand beside each other
        lexicon = read_dictd(paths["index"], paths["dictionary"], left, right, name=name)
    else:
        reading = Reading(left, right, name, skip_bad=True)
        form = FORMATS[entry.reader]
        lexicon = ranked(
            form.entries(paths["lexicon"], reading), left, right, name, reading.dropped
        )
    return lexicon.inverted() if turned else lexicon
