"""A folder of documents, translated with the project's own examples.

    python -m localize.translate docs --lang sw --engine stub --dry-run
    python -m localize.translate docs --lang sw --engine openai --base-url http://localhost:8000/v1

A text that was translated before, in --memory or earlier in the folder, is not asked again. For
the others the engine is shown translations of texts like them. The run's folder gets `documents/`,
with the translations, and `segments.jsonl`: for each text who translated it, from which examples,
and what is wrong with it. A killed run goes on where it stopped. `localize.sync` keeps the result
in step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.access import Access
from data.errors import InputError
from data.files import canonical_json, sha256_file, sha256_text, write_whole
from data.languages import resolve
from data.options import command, common, identity_of, option, to_json
from localize.adoption import adopted_of
from localize.asking import Ask, Told, open_translator
from localize.assembly import Outcome, document_of
from localize.documents import form_names, read_source
from localize.documents.record import Document
from localize.extract import segment_names
from localize.files import documents, relative
from localize.memory import Memory, of_files
from localize.options import NONE, TranslatorOptions
from localize.readback import BROKEN, settled
from localize.state import SOURCE
from localize.texts import key, snippet
from localize.threeway import Answer, plan
from runfolder.folder import RunKind, run_folder

KIND = RunKind(
    "localize.translate",
    {"documents": {str: str}},
    ("segments.jsonl",),
    begun=("answers.jsonl", "documents"),
    packages=("sentencex", "markdown-it-py"),
)
CHARACTERS_A_TOKEN = 4.0  # of English under most tokenizers; other scripts have fewer


@dataclass(frozen=True)
class TranslateConfig(TranslatorOptions):
    """What is translated; the options of `python -m localize.translate`."""

    documents: Path | None = option(
        None, "a document, or a folder of them", flag="documents", metavar="PATH", required=True
    )
    format: str = option("auto", "of the documents (default: by suffix)", choices=form_names)
    only: tuple[str, ...] = option((), "paths in the folder, guide/*.md", metavar="PATTERN")
    dry_run: bool = option(False, "say what it would cost, and ask nothing", identity=False)
    price: float = option(
        0.0, "of a million tokens, for --dry-run (default 0)", metavar="X", least=0, identity=False
    )
    pace: float = option(
        1.0,
        "seconds that a request takes, for --dry-run (default 1)",
        metavar="S",
        least=0,
        identity=False,
    )
    out: Path | None = common("--out", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        self.check_translator()
        if self.lang is None:
            raise InputError("--lang is missing: the language to translate into, --lang sw")
        if self.engine == NONE and not self.memory:
            raise InputError("--engine is missing: what translates, --engine openai for a server")


@dataclass(frozen=True)
class Translated:
    """What a run made.

    Attributes:
        counts: segments by who translated them: memory, the engine, nobody.
        flaws: (document:line, what is wrong), of texts that a person must look at.
    """

    folder: Path
    counts: Mapping[str, int]
    flaws: tuple[tuple[str, str], ...]
    asked: int


@dataclass(frozen=True)
class Estimate:
    """What a run would cost.

    Attributes:
        characters: of prompts, with their examples, and of the answers, about.
    """

    documents: int
    segments: int
    remembered: int
    repeated: int
    requests: int
    characters: int

    @property
    def tokens(self) -> int:
        """Of prompts and answers, by a rule of thumb."""
        return round(self.characters / CHARACTERS_A_TOKEN)


@dataclass
class _Job:
    """The documents of a run and all of their texts."""

    names: list[str] = field(default_factory=list)
    read: list[Document] = field(default_factory=list)

    def asks(self) -> Iterator[tuple[int, int, Ask]]:
        """(number of the document, place of the segment, the text) for each segment that a file
        of both languages has no translation of yet."""
        for number, document in enumerate(self.read):
            for place, segment in enumerate(document.segments):
                if segment.target:
                    continue
                yield number, place, Ask(segment.text, segment.spans, None, self.names[number])


def translate(config: TranslateConfig, access: Access | None = None) -> Translated:
    """Translate the documents into a run's folder.

    Raises:
        InputError: no such document, another run in the folder.
        UnavailableError: the engine cannot be had.
    """
    access = access or Access.of(config)
    root, job = _job(config)
    what = f"localize-{resolve(config.lang or '').bcp47}"
    identity = {**_identity(config), "documents": _sums(config, root)}
    with run_folder(KIND, what, identity, out=config.out, options=to_json(config)) as run:
        memory = _memory(config)
        translator = open_translator(config, memory, run.folder / "answers.jsonl", access)
        asks = list(job.asks())
        told = translator.answers([ask for _, _, ask in asks])
        by_place = {(n, p): one for (n, p, _), one in zip(asks, told, strict=True)}
        outcomes = []
        for number, name in enumerate(job.names):
            state = adopted_of(job.read[number])
            made = plan(job.read[number], None, state)
            answers = {p: one.answer for (n, p), one in by_place.items() if n == number}
            outcomes.append(settled(made, answers, Path(name)))
            write_whole(run.folder / "documents" / name, document_of(outcomes[number], made))
        records = list(_records(job, by_place, outcomes))
        lines = "".join(f"{canonical_json(record)}\n" for record in records)
        write_whole(run.folder / "segments.jsonl", lines)
        if translator.journal is not None:
            translator.journal.close()
        counts = Counter(record["by"] or "nobody" for record in records)
        flaws = tuple((record["place"], record["flaw"]) for record in records if record["flaw"])
        return Translated(run.folder, counts, flaws, translator.asked)


def estimate(config: TranslateConfig, access: Access | None = None) -> Estimate:
    """What a run would cost, with nothing asked: from the memory, and by the texts' lengths."""
    _, job = _job(config)
    memory = _memory(config)
    translator = open_translator(config, memory, None, access or Access.of(config))
    asks = [ask for _, _, ask in job.asks()]
    waiting = {key(ask.text): ask for ask in asks if translator.remembered(ask) is None}
    remembered = sum(translator.remembered(ask) is not None for ask in asks)
    length = sum(len(ask.text) for ask in waiting.values())
    mean = sum(map(len, (p.source + p.target for p in memory.pairs()))) / max(len(memory), 1)
    shown = min(config.shots, len(memory)) * len(waiting) * mean
    return Estimate(
        len(job.names),
        len(asks),
        remembered,
        len(asks) - remembered - len(waiting),
        sum(-(-len(ask.text) // config.longest) for ask in waiting.values()),
        round(2 * length + shown + 40 * len(waiting)),
    )


def _job(config: TranslateConfig) -> tuple[Path, _Job]:
    root, job = config.documents or Path(), _Job()
    for path in documents(root, config.only):
        job.names.append(relative(path, root).as_posix())
        job.read.append(read_source(path, config.format))
    return root, job


def _identity(config: TranslateConfig) -> dict[str, Any]:
    told = identity_of(config)
    for name in ("documents", "memory", "terms"):
        told.pop(name, None)
    files = [*config.memory, *([config.terms] if config.terms else [])]
    return {**told, "files": [sha256_file(path) for path in files if path.is_file()]}


def _sums(config: TranslateConfig, root: Path) -> dict[str, str]:
    found = documents(root, config.only)
    return {relative(path, root).as_posix(): sha256_file(path) for path in found}


def _memory(config: TranslateConfig) -> Memory:
    memory = Memory()
    languages = resolve(config.source_lang), resolve(config.lang or "")
    of_files(config.memory, *languages, memory)
    return memory


def _records(
    job: _Job, told: Mapping[tuple[int, int], Told], outcomes: Sequence[Outcome]
) -> Iterator[dict[str, Any]]:
    """A record a segment: where it stands, who translated it, from what, what is wrong."""
    for number, name in enumerate(job.names):
        document = job.read[number]
        entries = outcomes[number].state.entries
        for place, segment_name in enumerate(segment_names(document, name)):
            source, entry = document.segments[place].text, entries[place]
            one = told.get((number, place), Told(Answer(entry.target, entry.by)))
            target, flaw = "" if entry.by == SOURCE else entry.target, one.answer.flaw
            if not target:
                flaw = f"{BROKEN}: {snippet(one.answer.text)}" if one.answer.text else flaw
            yield {
                "segment": segment_name,
                "place": f"{name}:{document.line_of(place)}",
                "source_sha256": sha256_text(source.encode("utf-8", "replace").decode())[:16],
                "target": target.encode("utf-8", "backslashreplace").decode(),
                "by": entry.by if target else "",
                "examples": list(one.examples),
                "flaw": flaw or ("" if target else "not translated"),
            }


def run(config: TranslateConfig) -> int:
    """The command: what it would cost, or the translation."""
    from runfolder.console import say, show

    access = Access.of(config, say)
    if config.dry_run:
        cost = estimate(config, access)
        show(
            f"{cost.documents:,} documents, {cost.segments:,} texts: {cost.remembered:,} in memory,"
            f" {cost.repeated:,} repeated, {cost.requests:,} requests, about {cost.tokens:,} tokens"
        )
        price = f", {cost.tokens / 1e6 * config.price:,.2f} at {config.price:g} a million tokens"
        seconds = cost.requests * config.pace / config.concurrency
        show(
            f"about {seconds / 60:,.1f} minutes at {config.pace:g} s a request,"
            f" {config.concurrency} at once{price if config.price else ''}"
        )
        return 0
    done = translate(config, access)
    for place, flaw in done.flaws:
        say(f"{place}: {snippet(flaw, 200)}")
    told = ", ".join(f"{count:,} by {name}" for name, count in sorted(done.counts.items()))
    show(f"{told}; {done.asked:,} texts asked of the engine, {len(done.flaws):,} to look at")
    show(f"wrote {done.folder}: documents/, segments.jsonl")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `translate`."""
    return command("localize.translate", __doc__ or "", TranslateConfig, run, argv)


if __name__ == "__main__":
    raise SystemExit(main())
