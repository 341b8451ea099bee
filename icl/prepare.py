"""What a configuration comes down to before a model is opened: languages, test sets, shots.

prepared = prepare(RunConfig("sw,yo,am", shots=4, select="bm25"))
print(prepared.first_line)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from data.access import Access
from data.catalog import dataset
from data.download import NoSourceError
from data.errors import InputError, UnavailableError
from data.languages import Language, resolve
from data.load import ParallelCorpus, find_language, load_parallel, splits
from data.parallel import Pair
from icl.groups import members
from icl.options import LayoutOptions, PromptOptions, RunConfig, TranslateConfig
from icl.prompt import Languages
from icl.scoring import reason
from icl.shots import Split, hold_out, select_shots, without_leaks
from icl.templates import Template, load_template

if TYPE_CHECKING:
    from icl.engines.embedding import SentenceEmbedder

FIRST_CHOICE = "ntrex-128"
HELD_BACK = "held-back documents"
HELD_BACK_SIZE = 100  # pairs; of a small set at most a sixth
SAMPLE_LANGUAGES = ("sw",)
SHOWN = 12  # languages in a line


@dataclass(frozen=True, slots=True)
class Task:
    """One direction: what is scored, with which shots.

    Attributes:
        shots: those of each scored pair, the most similar last; all alike where `selection` is
            one of `icl.shots.FIXED`.
        pool_sha256: of the pool's pairs; with `selection` and `embedder` settles the shots.
        embedder: the model that told which pairs are nearest, and its revision; "" for none.
        remarks: what was left out of the test set and the pool, or repaired in them.
    """

    corpus: ParallelCorpus
    scored: tuple[Pair, ...]
    shots: tuple[tuple[Pair, ...], ...]
    selection: str
    pool_name: str
    pool_size: int
    pool_sha256: str
    held_back: bool
    leaked: int
    embedder: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def direction(self) -> str:
        """Source and target, such as sw-en."""
        return f"{self.corpus.source.bcp47}-{self.corpus.target.bcp47}"

    @property
    def language(self) -> Language:
        """The side that is not English."""
        source, target = self.corpus.source, self.corpus.target
        return target if source.bcp47 == "en" else source

    @property
    def languages(self) -> Languages:
        """Names and codes, as prompts give them."""
        return Languages.of(self.corpus.source, self.corpus.target)

    def segment_id(self, pair: Pair) -> str:
        """Names a segment in records and reports: test set, direction, line."""
        return f"{self.corpus.name}:{self.direction}:{pair.id}"


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


def prepare(config: RunConfig, access: Access = Access()) -> Preparation:
    """Settle template, languages, test sets and shots; raises as `icl.evaluate.evaluate` does.

    Of several languages, those without a test set are left out and named in a note; if none is
    left, the first one's reason is the error.
    """
    template = choose_template(config)
    embed = open_embedder(config, access)
    chosen: list[tuple[ParallelCorpus, str]] = []
    errors: list[InputError | UnavailableError] = []
    for language in _languages(config, access):
        try:
            chosen.append(choose_test_set(config, language, access))
        except (InputError, UnavailableError) as error:
            errors.append(error)
    if not chosen:
        raise errors[0]
    tasks = [task for corpus, _ in chosen for task in make_tasks(config, corpus, embed, access)]
    whys = ", ".join(dict.fromkeys(why for _, why in chosen))
    notes = tuple(f"left out: {reason(error)}" for error in errors)
    return Preparation(config, template, tuple(tasks), whys, notes)


def choose_template(options: LayoutOptions) -> Template:
    """The template asked for; "auto" has a place for dictionary entries where there are any."""
    default = "dictionary" if options.dictionary else "plain"
    template = load_template(default if options.template == "auto" else options.template)
    if options.dictionary and not template.has_dictionary:
        raise InputError(
            f'--dictionary: the query of template "{template.name}" has no {{dictionary}}; '
            "choose --template dictionary or dipmt"
        )
    return template


def open_embedder(config: TranslateConfig, access: Access = Access()) -> SentenceEmbedder | None:
    """What --select embedding compares sentences with: --embedder, or the model itself."""
    if config.select != "embedding" or not config.shots:
        return None
    from icl.engines.embedding import SentenceEmbedder

    name, option = (config.embedder, "--embedder") if config.embedder else (config.model, "--model")
    return SentenceEmbedder(name, config.device, access, option=option)


def named_languages(lang: str | None, access: Access = Access()) -> list[Language]:
    """The languages that --lang names, in their order."""
    names = [text.strip() for text in (lang or "").split(",") if text.strip()]
    return [find_language(name, access=access) for name in names]


def _languages(config: RunConfig, access: Access) -> Sequence[Language]:
    """The languages that --lang and --group name, each once."""
    languages = named_languages(config.lang, access)
    if config.group:
        languages += members(config.group, config.test_set, access)
    if not languages:
        raise InputError("--lang is missing: name a language, for instance --lang sw")
    first: dict[str, Language] = {}
    for language in languages:
        first.setdefault(language.bcp47, language)
    return list(first.values())


def choose_test_set(
    options: PromptOptions, language: Language, access: Access = Access()
) -> tuple[ParallelCorpus, str]:
    """The test set in the direction language to English, and why it is this one.

    `auto` is NTREX-128 where it can be had, else the sample (120 Swahili sentences).

    Raises:
        InputError: the test set lacks the language; the message lists those it has.
        UnavailableError: a test set asked for by name cannot be had.
    """
    english = resolve("en")
    if language.same_language(english):
        raise InputError("--lang: expected a language other than English, which is the other side")
    automatic = options.test_set == "auto"
    name = FIRST_CHOICE if automatic else options.test_set
    try:
        corpus = load_parallel(name, language, english, skip_bad=options.skip_bad, access=access)
    except InputError as error:
        raise _with_hint(error, language, options.test_set) from error
    except NoSourceError as error:
        if not automatic or language.bcp47 not in SAMPLE_LANGUAGES:
            raise
        return load_parallel("sample", language, english), f"because {error.short}"
    return corpus, f"from {corpus.origin}"


def _with_hint(error: InputError, language: Language, test_set: str) -> InputError:
    """The same error, naming FLORES-200 when that has the language."""
    if test_set == "auto" and language.code_in(dataset("flores-200").codes()):
        return InputError(f"{error}; flores-200 has it: --test-set flores-200")
    return error


def make_tasks(
    config: RunConfig,
    corpus: ParallelCorpus,
    embed: SentenceEmbedder | None = None,
    access: Access = Access(),
) -> Iterator[Task]:
    """One task a direction. Both directions hold the same segments back.

    Raises:
        InputError: more shots than the pool holds, or nothing left to score.
    """
    if not corpus.pairs:
        told = "".join(f" ({remark})" for remark in corpus.remarks)
        raise InputError(f"{corpus.name}: expected sentence pairs to score, found none{told}")
    split, pool_name, remarks = split_pool(config, corpus, access)
    if not split.scored:
        raise InputError(f"{corpus.name}: nothing is left to score; name another --pool")
    forward = replace(corpus, pairs=split.scored[: config.limit])
    held = replace(corpus, pairs=split.pool)
    for direction in ("xx-en", "en-xx"):
        if config.direction not in (direction, "both"):
            continue
        scored, pool = (
            (forward, held) if direction == "xx-en" else (forward.reversed(), held.reversed())
        )
        shots = select_shots(
            config.select,
            pool.pairs,
            [pair.source for pair in scored.pairs],
            config.shots,
            language=scored.source,
            seed=config.seed,
            key=corpus.name,
            embed=embed,
        )
        yield Task(
            corpus=corpus if direction == "xx-en" else corpus.reversed(),
            scored=scored.pairs,
            shots=tuple(shots),
            selection=config.select,
            pool_name=pool_name,
            pool_size=len(pool.pairs),
            pool_sha256=pool.sha256,
            held_back=pool_name == HELD_BACK,
            leaked=split.leaked,
            embedder=embed.identity if embed else "",
            remarks=tuple(dict.fromkeys((*corpus.remarks, *remarks))),
        )


def split_pool(
    options: PromptOptions, corpus: ParallelCorpus, access: Access = Access()
) -> tuple[Split, str, tuple[str, ...]]:
    """What is scored, the pool, its name for signatures, remarks; raises as `make_tasks`."""
    development = splits(corpus.name)[1]
    if options.pool == "none":
        check_no_shots(options)
        return Split(corpus.pairs, ()), "none", ()
    if options.pool == "auto" and development is None:
        size = min(HELD_BACK_SIZE, len(corpus.pairs) // 6)
        return hold_out(corpus.pairs, size), HELD_BACK, ()
    name = f"{corpus.name}:{development}" if options.pool == "auto" else options.pool
    pool = load_pool(name, corpus.source, corpus.target, options, access)
    split = without_leaks(corpus.pairs, pool.pairs)
    return split, f"{pool.name}:{pool.split}", pool.remarks


def check_no_shots(options: PromptOptions) -> None:
    """Raise `InputError` for shots without a pool."""
    if options.shots:
        raise InputError(f"--pool none: {options.shots} shots need a pool; add --shots 0")


def load_pool(
    name: str, source: Language, target: Language, options: PromptOptions, access: Access
) -> ParallelCorpus:
    """The pairs of a pool by its name, NAME[:SPLIT], or of a file."""
    name, _, part = name.partition(":")
    return load_parallel(
        name, source, target, part or None, skip_bad=options.skip_bad, access=access
    )
