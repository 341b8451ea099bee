"""One sentence translated in the background, by the model that `python -m icl.translate` opens.

A model is large, so one is kept for all visitors, and it answers one sentence at a time.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from icl.translate import Translation, Translator, open_translator

if TYPE_CHECKING:
    from app.job import Job
    from icl.run import RunConfig

_ONE_AT_A_TIME = threading.Lock()
_ASKING: list[Job[Any]] = []  # whose sentence is under way: the model is opened for whoever asks


def translate(sentence: str, config: RunConfig, job: Job[Translation]) -> Translation:
    """Translate a sentence for a job, which is told what is under way.

    Raises:
        InputError: no sentence, or a user's mistake in the configuration.
        UnavailableError: the model or the examples cannot be had.
        Cancelled: the job was cancelled.
    """
    job.say("waiting for another visitor's sentence")
    with _ONE_AT_A_TIME:
        _ASKING[:] = [job]
        job.say("choosing the examples")
        translator = _opened(config)
        job.say(f"asking {config.model}; the first time fetches and converts it")
        return translator.translate(sentence)


@functools.lru_cache(maxsize=1)
def _opened(config: RunConfig) -> Translator:
    return open_translator(config, _say)


def _say(line: str) -> None:
    """Pass a line of the model on to whoever asks now, not to whoever asked first."""
    _ASKING[0].say(line)
