"""One sentence, translated with its shots shown: `icl.eval`'s prompt where there is no reference.

    python -m icl.translate --lang sw "Ninapenda kusoma vitabu."
    python -m icl.translate --lang sw --direction en-xx --shots 4 --select bm25 "I like to read."

Nothing is scored here. A model that scores below the copy baseline in `icl.eval` writes nonsense
here, fluently.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from data.cli import Parser, run
from data.errors import InputError
from data.options import add_options, config_of
from data.pages import Tabular
from icl.options import TranslateConfig

_LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    import argparse

    from data.access import Access
    from data.languages import Language
    from data.parallel import Pair
    from icl.dictionary import Dictionary
    from icl.engines import Backend, Settings
    from icl.engines.embedding import SentenceEmbedder
    from icl.prompt import Hint
    from icl.templates import Template


@dataclass(frozen=True, slots=True, repr=False)
class Translation(Tabular):
    """What a model made of a sentence, and what it was given.

    Attributes:
        prompt: the whole prompt; of a chat, a line a message.
        shots: the pairs in it, the most similar last; `hints` the dictionary entries.
        label: the model's name.
        note: what a reader must know of it: that it is none, or cut; "" where there is nothing.
    """

    text: str
    prompt: str
    shots: tuple[Pair, ...]
    hints: tuple[Hint, ...]
    label: str
    source: Language
    target: Language
    note: str

    def summary(self) -> str:
        """What came out, and of which model."""
        return f"{self.text!r}, {self.source.name} to {self.target.name}, {self.label}"

    def rows(self) -> list[dict[str, Any]]:
        """The examples that the model saw, then what it made."""
        shown = [{"role": "example", "source": s.source, "target": s.target} for s in self.shots]
        return [*shown, {"role": "answer", "source": None, "target": self.text}]


@dataclass(frozen=True, slots=True)
class Pool:
    """Pairs that shots may come from, in the direction that is translated.

    Attributes:
        name: with the seed it says which pairs `random` takes.
        remarks: what was left out of it, or repaired in it.
    """

    name: str = "none"
    pairs: tuple[Pair, ...] = ()
    remarks: tuple[str, ...] = ()


class Translator:
    """A model with a pool of shots, opened when it is first asked; see `open_translator`."""

    def __init__(
        self,
        config: TranslateConfig,
        languages: tuple[Language, Language],
        template: Template,
        pool: Pool,
        dictionary: Dictionary | None,
        settings: Settings,
    ) -> None:
        self._config, self._template, self._pool = config, template, pool
        self._source, self._target = languages
        self._dictionary, self._settings = dictionary, settings

    @cached_property
    def _backend(self) -> Backend:
        from icl.engines import open_backend

        return open_backend(self._settings)

    @cached_property
    def _embed(self) -> SentenceEmbedder | None:
        from icl.prepare import open_embedder

        return open_embedder(self._config, self._settings.access)

    def translate(self, sentence: str) -> Translation:
        """Translate one sentence. A pair of the pool that holds it is never a shot.

        Raises:
            InputError: nothing to translate.
        """
        from icl.answers import answer_of, remark
        from icl.engines import Request
        from icl.prompt import Languages, render_fitting

        if not sentence.strip():
            raise InputError("expected a sentence, found none; write one")
        hints = self._dictionary.hints(sentence) if self._dictionary else ()
        prompt, shots = render_fitting(
            self._template,
            self._shots(sentence),
            sentence,
            Languages.of(self._source, self._target),
            lambda _: hints,
            self._backend.special,
            self._backend.fits,
        )
        plan = self._backend.plan([Request("sentence", sentence, prompt)])
        [[completion]] = self._backend.run(plan)
        answer = answer_of(completion, self._template.stop)
        turns = (f"{role}: {content}" for role, content in prompt.messages)
        return Translation(
            text=answer.text,
            prompt=prompt.text or "\n".join(turns),
            shots=tuple(shots),
            hints=tuple(hints),
            label=self._backend.identity["model"],
            source=self._source,
            target=self._target,
            note=remark(answer),
        )

    def _shots(self, sentence: str) -> Sequence[Pair]:
        from data.parallel import Pair
        from icl.shots import select_shots, without_leaks

        config = self._config
        if not config.shots:
            return ()
        [shots] = select_shots(
            config.select,
            without_leaks([Pair("sentence", sentence, "")], self._pool.pairs).pool,
            [sentence],
            config.shots,
            language=self._source,
            seed=config.seed,
            key=self._pool.name,
            embed=self._embed,
        )
        return shots


def open_translator(config: TranslateConfig, access: Access | None = None) -> Translator:
    """Settle pool, template and model for one direction of one language.

    A test set is read only where shots come from it; a language without one has those of --pool,
    or none.

    Raises:
        InputError, UnavailableError: as `icl.evaluate.evaluate`; also for direction "both" and
            several languages.
    """
    from data.access import Access
    from data.languages import resolve
    from icl.dictionary import open_dictionary
    from icl.engines import Settings
    from icl.prepare import choose_template, named_languages

    if config.direction == "both":
        raise InputError("--direction both: translate in one direction, xx-en or en-xx")
    say = access.report if access else _LOG.warning
    access = access or Access.of(config)
    template = choose_template(config)
    languages = named_languages(config.lang, access)
    if len(languages) != 1:
        raise InputError(f"--lang {config.lang}: translate from or into one language")
    pair = languages[0], resolve("en")
    pool = _pool(config, languages[0], access)
    if config.direction == "en-xx":
        pair = pair[::-1]
    for remark in pool.remarks:
        say(remark)
    dictionary = open_dictionary(config, *pair, access, skip_bad=config.skip_bad)
    return Translator(
        config, pair, template, pool, dictionary, Settings(config, template.stop, access)
    )


def _pool(config: TranslateConfig, language: Language, access: Access) -> Pool:
    """Where shots come from: as `icl.prepare.split_pool` has it, but for what needs no test set."""
    from data.languages import resolve
    from icl.prepare import check_no_shots, choose_test_set, load_pool, split_pool

    if config.pool == "none":
        check_no_shots(config)
    if not config.shots:
        return Pool()
    if config.pool == "auto":
        try:
            corpus, _ = choose_test_set(config, language, access)
        except InputError as error:
            raise InputError(
                f"{error}; shots can come from elsewhere: --pool NAME or FILE, or none: --shots 0"
            ) from error
        split, _, remarks = split_pool(config, corpus, access)
        pool = replace(corpus, pairs=split.pool)
        remarks = (*corpus.remarks, *remarks)
    else:
        pool = load_pool(config.pool, language, resolve("en"), config, access)
        remarks = pool.remarks
    pairs = (pool.reversed() if config.direction == "en-xx" else pool).pairs
    return Pool(pool.name, pairs, tuple(dict.fromkeys(remarks)))


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `Translator.translate`."""
    parser = Parser("icl.translate", __doc__ or "")
    parser.add_argument("sentence", metavar="SENTENCE")
    add_options(parser, TranslateConfig)
    parser.add_common("-v")
    return run(parser, _translate, argv)


def _translate(options: argparse.Namespace) -> None:
    from data.access import Access
    from runfolder.console import say, show

    config = config_of(TranslateConfig, options)
    translation = open_translator(config, Access.of(config, say)).translate(options.sentence)
    for shot in translation.shots:
        show(f"shot: {shot.source} | {shot.target}")
    for hint in translation.hints:
        show(f"dictionary: {hint.word} = {', '.join(hint.meanings)}")
    show(f"{translation.label}: {translation.text}")
    if translation.note:
        say(f"note: {translation.note}")


if __name__ == "__main__":
    raise SystemExit(main())
