"""What is scored and what shots are drawn from: test set, pool, directions.

python -m icl.eval --lang sw --test-set ntrex-128 --pool lafand:train
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from data.access import Access, Report, quiet
from data.catalog import dataset
from data.download import NoSourceError
from data.errors import InputError
from data.languages import Language, resolve
from data.load import ParallelCorpus, load_parallel, splits
from data.parallel import Pair
from icl.run import RunConfig, Task
from icl.selection import Embed, select_shots
from icl.shots import Split, hold_out, without_leaks

FIRST_CHOICE = "ntrex-128"
HELD_BACK = "held-back documents"
HELD_BACK_SIZE = 100  # pairs; of a small set at most a sixth
SAMPLE_LANGUAGES = ("sw",)


def choose_test_set(
    config: RunConfig, language: Language, report: Report | None = None
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
    name = FIRST_CHOICE if config.test_set == "auto" else config.test_set
    try:
        corpus = load_parallel(
            name,
            language,
            english,
            skip_bad=config.skip_bad,
            access=Access.of(config, report or quiet),
        )
    except InputError as error:
        raise _with_hint(error, language, config.test_set) from error
    except NoSourceError as error:
        if config.test_set != "auto" or language.bcp47 not in SAMPLE_LANGUAGES:
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
    report: Report | None = None,
    embed: Embed | None = None,
) -> Iterator[Task]:
    """One task a direction. Both directions hold the same segments back.

    Raises:
        InputError: more shots than the pool holds, or nothing left to score.
    """
    if not corpus.pairs:
        told = "".join(f" ({remark})" for remark in corpus.remarks)
        raise InputError(f"{corpus.name}: expected sentence pairs to score, found none{told}")
    split, pool_name, remarks = split_pool(config, corpus, report)
    if not split.scored:
        raise InputError(f"{corpus.name}: nothing is left to score; name another --pool")
    limited = split.scored[: config.limit]
    forward = replace(corpus, pairs=limited)
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
    config: RunConfig, corpus: ParallelCorpus, report: Report | None
) -> tuple[Split, str, tuple[str, ...]]:
    """What is scored, the pool, its name for signatures, remarks; raises as `make_tasks`."""
    development = splits(corpus.name)[1]
    if config.pool == "none":
        if config.shots:
            raise InputError(f"--pool none: {config.shots} shots need a pool; add --shots 0")
        return Split(corpus.pairs, ()), "none", ()
    if config.pool == "auto" and development is None:
        size = min(HELD_BACK_SIZE, len(corpus.pairs) // 6)
        return hold_out(corpus.pairs, size), HELD_BACK, ()
    name, _, part = config.pool.partition(":")
    if config.pool == "auto":
        name, part = corpus.name, development or ""
    pool = load_parallel(
        name,
        corpus.source,
        corpus.target,
        part or None,
        skip_bad=config.skip_bad,
        access=Access.of(config, report or quiet),
    )
    split = without_leaks(corpus.pairs, pool.pairs)
    return split, f"{pool.name}:{pool.split}", pool.remarks


def pool_of(config: RunConfig, task: Task, report: Report | None = None) -> tuple[Pair, ...]:
    """All pairs that a task's shots may come from, in its direction."""
    corpus = task.corpus
    turned = corpus.source.bcp47 == "en"
    split, _, _ = split_pool(config, corpus.reversed() if turned else corpus, report)
    pool = replace(corpus, pairs=split.pool)
    return (pool.reversed() if turned else pool).pairs
