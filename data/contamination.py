"""Sentences of a test set that stand in training text: found, dropped, counted.

    keep_out = KeepOut.load(["ntrex-128", "masakhapos:twi", "my_test.txt"])
    text = keep_out.clean(text, dropped)            # the text without such sentences
    name = keep_out.find(" ".join(tokens))          # which test set holds this one, or None

Two sentences are the same when their letters and digits are, see `data.spelling`; so tokens
with spaces between them match running text. A sentence is found where
it is a whole line, or stands in one between two ends of sentences. Memory is that of the test sets:
eight bytes and their place in a dictionary for each sentence.

>>> keep_out = KeepOut()
>>> keep_out.add("toy", ["Mbwa analala ."])
1
>>> dropped = Counter()
>>> keep_out.clean("Paka anakula. Mbwa analala! Ndege anaimba.", dropped), dict(dropped)
('Paka anakula. Ndege anaimba.', {'sentence of toy': 1})
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from data.access import Access
from data.corpus import Record, find_test_set
from data.spelling import letters_of

END_OF_SENTENCE = re.compile(r"\n\s*|(?<=[.!?…؟।॥။።፧])[\"'”’»)\]]*\s+|(?<=[。！？])[」』”]*\s*")
NOTHING_LEFT = "nothing left without test sentences"


@dataclass(frozen=True, slots=True)
class _Segment:
    """A piece of a text that no end of a sentence divides: where it stands, its letters."""

    start: int
    stop: int
    letters: str


class KeepOut:
    """The sentences of some test sets, to be kept out of training text.

    Attributes:
        sizes: how many different sentences each test set added, by name.
    """

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self._names: dict[bytes, str] = {}
        self._lengths: set[int] = set()
        self._longest = 0

    @classmethod
    def load(cls, names: Iterable[str], *, access: Access = Access()) -> KeepOut:
        """The test sets of these names: files, or NAME[:SPLIT][:LANGUAGE] of the catalog.

        Without a language the test set counts in all of its languages.

        Raises:
            InputError: no such file, test set, split or language.
            UnavailableError: a file cannot be had.
        """
        keep_out = cls()
        for name in names:
            found = find_test_set(name, access=access)
            records = found.records(skip_bad=True, dropped=Counter(), repairs=Counter())
            keep_out.add(name, (record.text for record in records))
        return keep_out

    def add(self, name: str, sentences: Iterable[str]) -> int:
        """Add sentences under the name of their test set; return how many were new."""
        before = len(self._names)
        for sentence in sentences:
            if letters := letters_of(sentence):
                self._names.setdefault(_digest(letters), name)
                self._lengths.add(len(letters))
                self._longest = max(self._longest, len(letters))
        self.sizes[name] = self.sizes.get(name, 0) + len(self._names) - before
        return len(self._names) - before

    def find(self, sentence: str) -> str | None:
        """The test set that holds this sentence, or None.

        >>> keep_out = KeepOut()
        >>> keep_out.add("toy", ["Mbwa analala."])
        1
        >>> keep_out.find("mbwa analala"), keep_out.find("Mbwa analala sasa")
        ('toy', None)
        """
        return self._find(letters_of(sentence))

    def clean(self, text: str, dropped: Counter[str]) -> str:
        """The text without the sentences of test sets, "" where nothing else is in it.

        dropped: receives the number of sentences by test set.
        """
        if not self._names:
            return text
        segments = list(_segments(text))
        kept, i = [], 0
        while i < len(segments):
            first = _first_with_letters(segments, i)
            stop, name = self._longest_at(segments, first)
            if name is None:
                last = min(first + 1, len(segments))
                kept += [text[one.start : one.stop] for one in segments[i:last]]
                i = last
            else:
                dropped[f"sentence of {name}"] += 1
                i = stop
        return text if len(kept) == len(segments) else "".join(kept).strip()

    def records(self, records: Iterable[Record], dropped: Counter[str]) -> Iterator[Record]:
        """The records of a corpus without these sentences; one that is empty then is left out."""
        for record in records:
            text = self.clean(record.text, dropped)
            if text == record.text:
                yield record
            elif text:
                yield replace(record, text=text)
            else:
                dropped[NOTHING_LEFT] += 1

    @property
    def sha256(self) -> str:
        """A checksum of all sentences: what the text of a run hangs on, beside its files."""
        return hashlib.sha256(b"".join(sorted(self._names))).hexdigest()

    def describe(self) -> list[dict[str, Any]]:
        """What a run's config.json says: names and numbers of sentences."""
        return [{"name": name, "sentences": size} for name, size in self.sizes.items()]

    def _longest_at(self, segments: Sequence[_Segment], start: int) -> tuple[int, str | None]:
        """The longest test sentence that begins with this segment: where it ends, whose it is."""
        letters = ""
        found: tuple[int, str | None] = start, None
        for stop in range(start, len(segments)):
            letters += segments[stop].letters
            if len(letters) > self._longest:
                break
            if name := self._find(letters):
                found = stop + 1, name
        return found

    def _find(self, letters: str) -> str | None:
        if len(letters) not in self._lengths:  # most are not: no checksum needed
            return None
        return self._names.get(_digest(letters))


def _first_with_letters(segments: Sequence[_Segment], start: int) -> int:
    """The first segment from here on that is more than signs; a sentence may begin before it."""
    while start < len(segments) and not segments[start].letters:
        start += 1
    return start


def _segments(text: str) -> Iterator[_Segment]:
    """The text cut at ends of sentences; each piece has the space behind it."""
    start = 0
    for match in END_OF_SENTENCE.finditer(text):
        if match.end() > start:
            yield _Segment(start, match.end(), letters_of(text[start : match.end()]))
            start = match.end()
    if start < len(text):
        yield _Segment(start, len(text), letters_of(text[start:]))


def _digest(letters: str) -> bytes:
    return hashlib.blake2b(letters.encode(), digest_size=8).digest()
