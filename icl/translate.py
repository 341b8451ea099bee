"""One sentence, translated with its shots shown: `icl.eval`'s prompt where there is no reference.

    python -m icl.translate --lang sw "Ninapenda kusoma vitabu."
    python -m icl.translate --lang sw --direction en-xx --shots 4 --select bm25 "I like to read."

Nothing is scored here. A model that scores below the copy baseline in `icl.eval` writes nonsense
here, fluently.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from data.cli import Parser, run
from data.errors import InputError
from data.pages import Tabular
from icl.eval import OPTIONS

_LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    from data.access import Report
    from data.languages import Language
    from data.parallel import Pair
    from icl.answers import Answer
    from icl.prompt import Hint
    from icl.run import RunConfig, Task
    from icl.selection import Embed
    from icl.system import System

SHARED = (
    *("--direction", "--shots", "--select", "--embedder", "--dictionary", "--test-set", "--pool"),
    *("--model", "--engine", "--base-url", "--template", "--max-new-tokens", "--decoding"),
    "--skip-bad",
)


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
        seen = [{"role": "example", "source": s.source, "target": s.target} for s in self.shots]
        return [*seen, {"role": "answer", "source": None, "target": self.text}]


class Translator:
    """A model with a pool of shots, opened when it is first asked; see `open_translator`."""

    def __init__(self, system: System, pool: Sequence[Pair], config: RunConfig) -> None:
        self._system, self._pool, self._config = system, tuple(pool), config

    def translate(self, sentence: str) -> Translation:
        """Translate one sentence. A pair of the pool that holds it is never a shot.

        Raises:
            InputError: nothing to translate.
        """
        from icl.answers import answer_of

        if not sentence.strip():
            raise InputError("expected a sentence, found none; write one")
        system = replace(self._system, task=self._task(sentence))
        request = system.requests[0]
        [[completion]] = system.backend.run(system.backend.plan([request]))
        return self._translation(system, answer_of(completion, system.decoding.stop))

    def _task(self, sentence: str) -> Task:
        from data.parallel import Pair
        from icl.selection import select_shots
        from icl.shots import without_leaks

        task, config = self._system.task, self._config
        pair = Pair("sentence", sentence, "")
        pool = without_leaks([pair], self._pool).pool
        shots = select_shots(
            config.select,
            pool,
            [sentence],
            config.shots,
            language=task.corpus.source,
            seed=config.seed,
            key=task.corpus.name,
            embed=self._embed,
        )
        return replace(task, scored=(pair,), shots=tuple(shots))

    @cached_property
    def _embed(self) -> Embed | None:
        from icl.prepare import embedder

        return embedder(self._config)

    def _translation(self, system: System, answer: Answer) -> Translation:
        from icl.answers import remark

        [request], corpus = system.requests, system.task.corpus
        kept = system.task.shots[0][len(system.task.shots[0]) - len(request.shots) :]
        turns = (f"{role}: {content}" for role, content in request.prompt.messages)
        return Translation(
            text=answer.text,
            prompt=request.prompt.text or "\n".join(turns),
            shots=kept,
            hints=request.hints,
            label=system.label,
            source=corpus.source,
            target=corpus.target,
            note=remark(answer),
        )


def open_translator(config: RunConfig, report: Report | None = None) -> Translator:
    """Settle pool, template and model for one direction of one language.

    Raises:
        InputError, UnavailableError: as `icl.evaluate.evaluate`; also for direction "both" and
            several languages.
    """
    from icl.opening import open_systems
    from icl.prepare import prepare
    from icl.testset import pool_of

    if config.direction == "both":
        raise InputError("--direction both: translate in one direction, xx-en or en-xx")
    prepared = prepare(replace(config, limit=1, select="random"), report)
    if len(prepared.languages) > 1:
        raise InputError(f"--lang {config.lang}: translate from or into one language")
    systems, _ = open_systems(prepared, report or (lambda _: None))
    model = next(system for system in systems if system.name == "model")
    for remark in model.task.remarks:
        (report or _LOG.warning)(remark)
    return Translator(model, pool_of(config, model.task, report), config)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `Translator.translate`."""
    parser = Parser("icl.translate", __doc__ or "")
    parser.add_argument("sentence", metavar="SENTENCE")
    parser.add_common("--lang")
    for name in SHARED:
        parser.add_argument(name, **OPTIONS[name])
    parser.add_common("--seed", "--device", "--dtype", "--offline", "-v")
    return run(parser, _translate, argv)


def _translate(options: argparse.Namespace) -> int:
    from icl.console import say, show
    from icl.run import RunConfig

    settings = vars(options)
    sentence = settings.pop("sentence")
    del settings["verbose"]
    translation = open_translator(RunConfig(**settings), say).translate(sentence)
    for shot in translation.shots:
        show(f"shot: {shot.source} | {shot.target}")
    for hint in translation.hints:
        show(f"dictionary: {hint.word} = {', '.join(hint.meanings)}")
    show(f"{translation.label}: {translation.text}")
    if translation.note:
        say(f"note: {translation.note}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
