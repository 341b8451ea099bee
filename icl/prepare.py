"""What a configuration comes down to before a model is opened: languages, test sets, shots.

prepared = prepare(RunConfig("sw,yo,am", shots=4, select="bm25"))
print(prepared.first_line)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data.access import Access, Report, quiet
from data.errors import InputError, UnavailableError
from data.languages import Language
from data.load import ParallelCorpus, find_language
from icl.groups import members
from icl.run import RunConfig, Task, reason
from icl.selection import Embed
from icl.templates import Template, load_template
from icl.testset import choose_test_set, make_tasks

SHOWN = 12  # languages in a line


@dataclass(frozen=True, slots=True)
class Preparation:
    """Everything that is settled before a model is opened.

    Attributes:
        why: for each language, why it is this test set.
        notes: languages that were asked for and cannot be scored, with the reason.
    """

    config: RunConfig
    template: Template
    tasks: tuple[Task, ...]
    why: str
    notes: tuple[str, ...] = ()

    @property
    def languages(self) -> list[Language]:
        """The languages other than English, in the order they were asked for."""
        return list({task.language.bcp47: task.language for task in self.tasks}.values())

    @property
    def name(self) -> str:
        """What names the run's folder."""
        codes = [language.bcp47 for language in self.languages]
        return "+".join(codes) if len(codes) <= 4 else f"{len(codes)}-languages"

    @property
    def description(self) -> str:
        """Which test set, which languages, how much of it: the same on every machine."""
        one_way = {task.language.bcp47: task for task in self.tasks}.values()
        first = self.tasks[0]
        scored = sum(len(task.scored) for task in one_way)
        of = sum(len(task.corpus.pairs) for task in one_way)
        aside = [f"{first.pool_size} held back for shots"] if first.held_back else []
        aside += [f"--limit {self.config.limit}"] if self.config.limit else []
        why_fewer = f" ({', '.join(aside)})" if aside else ""
        sets = ", ".join(dict.fromkeys(f"{t.corpus.name} {t.corpus.split}" for t in self.tasks))
        return f"test set: {sets}, {self._sides()}, {scored:,} of {of:,} segments{why_fewer}"

    def _sides(self) -> str:
        if len(self.languages) == 1:
            corpus = self.tasks[0].corpus
            return f"{corpus.source.name} and {corpus.target.name}"
        codes = [language.bcp47 for language in self.languages]
        more = f" and {len(codes) - SHOWN} more" if len(codes) > SHOWN else ""
        return f"English and {len(codes)} languages ({', '.join(codes[:SHOWN])}{more})"

    @property
    def first_line(self) -> str:
        """The description, and why it is this test set."""
        return f"{self.description}, {self.why}"


def prepare(config: RunConfig, report: Report | None = None) -> Preparation:
    """Settle template, languages, test sets and shots; raises as `icl.evaluate.evaluate` does.

    Of several languages, those without a test set are left out and named in a note; if none is
    left, the first one's reason is the error.
    """
    template = _template(config)
    embed = embedder(config, report)
    chosen: list[tuple[ParallelCorpus, str]] = []
    errors: list[InputError | UnavailableError] = []
    for language in _languages(config, report):
        try:
            chosen.append(choose_test_set(config, language, report))
        except (InputError, UnavailableError) as error:
            errors.append(error)
    if not chosen:
        raise errors[0]
    tasks = [t for corpus, _ in chosen for t in make_tasks(config, corpus, report, embed)]
    whys = ", ".join(dict.fromkeys(why for _, why in chosen))
    notes = tuple(f"left out: {reason(error)}" for error in errors)
    return Preparation(config, template, tuple(tasks), whys, notes)


def _template(config: RunConfig) -> Template:
    """The template asked for; "auto" has a place for dictionary entries where there are any."""
    default = "dictionary" if config.dictionary else "plain"
    template = load_template(default if config.template == "auto" else config.template)
    if config.dictionary and not template.has_dictionary:
        raise InputError(
            f'--dictionary: the query of template "{template.name}" has no {{dictionary}}; '
            "choose --template dictionary or dipmt"
        )
    return template


def _languages(config: RunConfig, report: Report | None) -> Sequence[Language]:
    """The languages that --lang and --group name, each once."""
    named = [text.strip() for text in (config.lang or "").split(",") if text.strip()]
    found = [find_language(text, access=Access.of(config, report or quiet)) for text in named]
    if config.group:
        found += members(config.group, config.test_set, offline=config.offline, report=report)
    if not found:
        raise InputError("--lang is missing: name a language, for instance --lang sw")
    return list(_each_once(found))


def _each_once(languages: Sequence[Language]) -> Iterator[Language]:
    seen: set[str] = set()
    for language in languages:
        if language.bcp47 not in seen:
            seen.add(language.bcp47)
            yield language


def embedder(config: RunConfig, report: Report | None = None) -> Embed | None:
    """What --select embedding compares sentences with: --embedder, or the model itself."""
    if config.select != "embedding" or not config.shots:
        return None
    from icl.engines.embedding import SentenceEmbedder

    name = config.embedder or config.model
    return SentenceEmbedder(name, config.device, offline=config.offline, report=report)
