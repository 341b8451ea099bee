"""A translation for each text: from memory, else from an engine that is shown a project's examples.

A text goes on one line with marks for its protected parts. The answer must have the same marks as
often; where it has not, is empty, or is in another language, the text is asked again without
examples, then sentence by sentence, and then left alone, with what was wrong. What was answered is
written down as it comes, so that a killed run asks nothing twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.files import canonical_json, sha256_text
from data.languages import Language, resolve
from data.parallel import Pair
from icl.answers import NONE as NO_ANSWERS
from icl.answers import answer_of
from localize.documents.record import Span
from localize.marks import mask, protected, restore
from localize.memory import MEMORY, Memory
from localize.options import NONE, TranslatorOptions
from localize.sentences import split
from localize.terms import Terms, read_terms
from localize.texts import key, one_line, with_edges
from localize.threeway import Answer
from runfolder.records import RecordFile, read_records

if TYPE_CHECKING:
    from icl.engines import Backend, Request
    from icl.prompt import Hint
    from icl.prompt import Languages as LanguageNames
    from icl.templates import Template

_SHAPE = {"key": str, "text": str, "finish": str}
_LETTERS = re.compile(r"[^\W\d_]")
_MARK = re.compile("⟦[0-9]{1,4}⟧")
FEW_LETTERS = 40  # of a text whose language cannot be told
SURE = 0.8  # confidence from which an answer is said to be in another language


@dataclass(frozen=True, slots=True)
class Ask:
    """A text to translate.

    Attributes:
        spans: its protected parts.
        before: an older source and its translation, the best example there is.
        document: where it stands, for the record.
    """

    text: str
    spans: tuple[Span, ...] = ()
    before: tuple[str, str] | None = None
    document: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and what it was made with: the names of the examples in the prompt."""

    answer: Answer
    examples: tuple[str, ...] = ()


@dataclass
class _Query:
    """One request for one place: a whole text, or a piece of it."""

    masked: str
    parts: tuple[str, ...]
    before: tuple[str, str] | None


@dataclass
class Translator:
    """Whoever answers; see `open_translator`.

    Attributes:
        journal: what was answered before, by the key of its request.
    """

    options: TranslatorOptions
    memory: Memory
    terms: Terms
    access: Access
    journal: RecordFile | None = None
    _known: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: int = 0

    @property
    def has_engine(self) -> bool:
        """Whether there is an engine to ask."""
        return self.options.engine != NONE

    @cached_property
    def _languages(self) -> tuple[Language, Language]:
        return resolve(self.options.source_lang), resolve(self.options.lang or "en")

    @cached_property
    def _named(self) -> LanguageNames:
        from icl.prompt import Languages

        return Languages.of(*self._languages)

    @cached_property
    def _template(self) -> Template:
        from icl.templates import load_template

        name = self.options.template
        if name == "auto":
            name = "dictionary" if self.options.dictionary or self.options.terms else "plain"
        return load_template(name)

    @cached_property
    def backend(self) -> Backend:
        """The engine."""
        from icl.engines import Settings, open_backend

        config = self.options.for_icl()
        return open_backend(Settings(config, self._template.stop, self.access))

    @cached_property
    def _dictionary(self) -> Any:
        from icl.dictionary import open_dictionary

        return open_dictionary(self.options.for_icl(), *self._languages, self.access)

    @cached_property
    def by(self) -> str:
        """How the engine is named beside its translations."""
        identity = self.backend.identity
        return (
            identity["model"]
            if identity["engine"] == "stub"
            else (f"{identity['engine']}:{identity['model']}")
        )

    @cached_property
    def reads_prompt(self) -> bool:
        """Whether the engine looks at a prompt: one that does not needs no examples."""
        return self.has_engine and bool(getattr(self.backend, "reads_prompt", True))

    def remembered(self, ask: Ask) -> Told | None:
        """The translation of a text that came before."""
        found = self.memory.exact(ask.text)
        if found is None:
            return None
        return Told(Answer(with_edges(found.target, ask.text), MEMORY), (found.name,))

    def answers(self, asks: Sequence[Ask]) -> list[Told]:
        """An answer for each text; equal texts are asked once."""
        told = dict[int, Told]()
        first = dict[str, int]()
        for place, ask in enumerate(asks):
            known = self.remembered(ask)
            if known:
                told[place] = known
            else:
                first.setdefault(key(ask.text), place)
        waiting = list(first.values())
        if not self.has_engine:
            told.update((place, Told(Answer("", "", ""))) for place in waiting)
        else:
            told.update(zip(waiting, self._by_engine([asks[p] for p in waiting]), strict=True))
        return [told[p] if p in told else told[first[key(a.text)]] for p, a in enumerate(asks)]

    def replies(self, asks: Sequence[Ask]) -> list[str]:
        """What the engine says to each text, whole and unchecked: for measuring an engine."""
        queries = [self._queries(ask, pieces=False)[0] for ask in asks]
        told = self._complete(queries, self._shots(queries))
        return [
            restore(reply, query.parts, query.masked)[0]
            for query, (reply, _, _) in zip(queries, told, strict=True)
        ]

    def _by_engine(self, asks: Sequence[Ask]) -> list[Told]:
        """Rounds of asking, each for the texts that are not well answered yet."""
        done: list[Told] = [Told(Answer("", self.by, "no answer"))] * len(asks)
        waiting = list(range(len(asks)))
        for pieces, shown in ((False, True), (False, False), (True, False)):
            if not waiting:
                break
            again = self._round([asks[place] for place in waiting], pieces, shown)
            done_now = dict(zip(waiting, again, strict=True))
            for place, told in done_now.items():
                if told.answer.text or not done[place].answer.text:
                    done[place] = told
            waiting = [place for place in waiting if not done[place].answer.text]
        return done

    def _round(self, asks: Sequence[Ask], pieces: bool, shown: bool) -> list[Told]:
        queries, spans = list[_Query](), list[tuple[int, int]]()
        for ask in asks:
            start = len(queries)
            queries += self._queries(ask, pieces)
            spans.append((start, len(queries)))
        replies = self._complete(
            queries, self._shots(queries) if shown and self.reads_prompt else None
        )
        return [
            self._joined(ask, queries[start:stop], replies[start:stop])
            for ask, (start, stop) in zip(asks, spans, strict=True)
        ]

    def _queries(self, ask: Ask, pieces: bool) -> list[_Query]:
        """A text as one request, or as one for some sentences each."""
        whole = one_line(ask.text)
        if not pieces and len(whole) <= self.options.longest:
            masked, parts = mask(ask.text, ask.spans)
            return [_Query(one_line(masked), parts, ask.before)]
        queries, start, stop = list[_Query](), 0, 0
        longest = 1 if pieces else self.options.longest
        for sentence in split(ask.text, self.options.source_lang, ask.spans):
            if stop > start and stop - start + len(sentence) > longest:
                queries.append(_piece(ask, start, stop))
                start = stop
            stop += len(sentence)
        return [*queries, _piece(ask, start, stop)] if stop > start else queries

    def _shots(self, queries: Sequence[_Query]) -> list[tuple[Pair, ...]]:
        """The examples of each query, the most similar last."""
        from icl.prepare import open_embedder
        from icl.shots import select_shots

        pool = self._pool
        count = min(self.options.shots, len(pool))
        config = self.options.for_icl()
        found = select_shots(
            self.options.select,
            pool,
            [query.masked for query in queries],
            count,
            language=self._languages[0],
            seed=self.options.seed,
            key="localize",
            embed=open_embedder(config, self.access),
        )
        if not self.options.shots:
            return found
        return [
            (*shots[1 if len(shots) == count and count else 0 :], Pair("before", *query.before))
            if query.before
            else shots
            for shots, query in zip(found, queries, strict=True)
        ]

    @cached_property
    def _pool(self) -> list[Pair]:
        """The memory as examples: with the marks of each pair's common parts."""
        return [_masked(pair) for pair in self.memory.pairs()]

    def _complete(
        self, queries: Sequence[_Query], shots: Sequence[tuple[Pair, ...]] | None
    ) -> list[tuple[str, str, tuple[str, ...]]]:
        """(text, how it ended, names of the examples) for each query; from the journal if it is."""
        requests = [
            self._request(str(place), query, shots[place] if shots else ())
            for place, query in enumerate(queries)
        ]
        keys = [self._key(request) for request in requests]
        missing = {k: r for k, r in zip(keys, requests, strict=True) if k not in self._known}
        by_request = {request.id: k for k, request in missing.items()}
        batches = self.backend.plan(list(missing.values()))
        self.asked += len(missing)
        for batch, completions in zip(batches, self.backend.run(batches), strict=True):
            records = []
            for request, completion in zip(batch.requests, completions, strict=True):
                answer = answer_of(completion, self._template.stop)
                self._known[by_request[request.id]] = answer.text, answer.finish
                records.append(
                    {"key": by_request[request.id], "text": answer.text, "finish": answer.finish}
                )
            if self.journal is not None:
                self.journal.append(records)
        return [(*self._known[k], r.shots) for k, r in zip(keys, requests, strict=True)]

    def _request(self, name: str, query: _Query, shots: Sequence[Pair]) -> Request:
        from icl.engines import Request
        from icl.prompt import render_fitting

        def hints(text: str) -> Sequence[Hint]:
            known = self.terms.hints(text)
            return [*known, *(self._dictionary.hints(text) if self._dictionary else ())]

        prompt, used = render_fitting(
            self._template,
            shots,
            query.masked,
            self._named,
            hints,
            self.backend.special,
            self.backend.fits,
        )
        return Request(name, query.masked, prompt, tuple(shot.id for shot in used))

    def _key(self, request: Request) -> str:
        """The same for the same question to the same engine."""
        told = [dict(self.backend.identity), request.source, request.prompt.sha256]
        return sha256_text(canonical_json(told))[:32]

    def _joined(
        self,
        ask: Ask,
        queries: Sequence[_Query],
        replies: Sequence[tuple[str, str, tuple[str, ...]]],
    ) -> Told:
        """The answer of all pieces of a text together, or what is wrong with it."""
        texts, examples = list[str](), dict[str, None]()
        for query, (reply, finish, shown) in zip(queries, replies, strict=True):
            examples.update(dict.fromkeys(shown))
            text, fault = restore(reply, query.parts, query.masked)
            fault = fault or self._fault(query, reply, finish)
            if fault:
                return Told(Answer("", self.by, fault), tuple(examples))
            texts.append(text)
        joint = "" if queries and _unspaced(texts[0]) else " "
        whole = with_edges(joint.join(texts), ask.text)
        broken = self.terms.violations(ask.text, whole)
        flaw = f"terminology: {'; '.join(broken)}" if broken else ""
        return Told(Answer(whole, self.by, flaw), tuple(examples))

    def _fault(self, query: _Query, reply: str, finish: str) -> str:
        if finish in NO_ANSWERS:
            return f"no answer: {finish}"
        if not reply.strip() and query.masked.strip():
            return "an empty answer"
        if _LETTERS.search(_MARK.sub("", query.masked)) and not _LETTERS.search(
            _MARK.sub("", reply)
        ):
            return "an answer without words"
        if finish == "length":
            return "an answer that was cut (--max-new-tokens gives it more room)"
        if self.backend.identity["engine"] == "stub":
            return ""
        return _other_language(query.masked, reply, self._languages)


def _piece(ask: Ask, start: int, stop: int) -> _Query:
    """A part of a text as a request of its own; no protected part is cut in two."""
    inner = [
        Span(span.start - start, span.stop - start, span.kind)
        for span in ask.spans
        if start <= span.start and span.stop <= stop
    ]
    masked, parts = mask(ask.text[start:stop], inner)
    return _Query(one_line(masked).strip(), parts, None)


def _masked(pair: Pair) -> Pair:
    """A pair with marks for the parts that both sides have; others stay as text."""
    from localize.marks import mask_with

    sides = pair.source, pair.target
    spans = [protected(text) for text in sides]
    parts = [
        {text[s.start : s.stop] for s in found} for text, found in zip(sides, spans, strict=True)
    ]
    numbers = dict[str, int]()
    source, target = (
        mask_with(
            text, [s for s in found if text[s.start : s.stop] in parts[0] & parts[1]], numbers
        )
        for text, found in zip(sides, spans, strict=True)
    )
    return Pair(pair.id, source, target, pair.document)


def _unspaced(text: str) -> bool:
    from data.words import writes_without_spaces

    letters = _LETTERS.findall(text[-20:])
    return bool(letters) and writes_without_spaces(letters[-1])


def _other_language(source: str, reply: str, languages: tuple[Language, Language]) -> str:
    """Whether an answer is in another language than the one asked for, as far as can be told."""
    if len(_LETTERS.findall(reply)) < FEW_LETTERS:
        return ""
    if languages[0].bcp47 != languages[1].bcp47 and key(source) == key(reply):
        return "the source, not translated"
    try:
        from metrics.language_id import accepted_labels, identify

        wanted = accepted_labels(languages[1].bcp47)
        [(label, sure)] = identify([reply])
    except (ModuleNotFoundError, ValueError):
        return ""
    if wanted and sure >= SURE and label not in wanted and label != "und":
        return f'an answer in another language ("{label}")'
    return ""


def open_translator(
    options: TranslatorOptions, memory: Memory, journal: Path | None, access: Access
) -> Translator:
    """Whoever answers, with what was answered before.

    Args:
        journal: a file to note answers in as they come; the caller holds its folder's lock.

    Raises:
        InputError, UnavailableError: as `icl.engines.open_backend`, once it is asked.
    """
    terms = read_terms(options.terms) if options.terms else Terms()
    translator = Translator(options, memory, terms, access)
    if journal is not None and translator.has_engine:
        if journal.exists():
            translator._known.update(_answered(read_records(journal, _SHAPE)))
        translator.journal = RecordFile(journal, _SHAPE)
    return translator


def _answered(
    records: Iterable[tuple[int, Mapping[str, Any]]],
) -> Iterator[tuple[str, tuple[str, str]]]:
    yield from ((one["key"], (one["text"], one["finish"])) for _, one in records)
