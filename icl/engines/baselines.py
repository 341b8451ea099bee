"""Baselines that cost nothing: copying the source, glossing it word by word with a lexicon.

They stand beside every system, because a score means little without them: on NTREX a copy of the
source gets BLEU 2-3 from names and numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from data.lexicon import Lexicon, gloss
from data.lexicon.lemmas import Lemmatizer
from icl.dictionary import fingerprint, identity_of
from icl.engines import Batch, Completion, Request
from icl.prompt import Prompt


class Baseline:
    """A function from the source to an output, behind the same protocol as a model."""

    def __init__(self, translate: Callable[[str], str], identity: Mapping[str, str]) -> None:
        self._translate = translate
        self.identity = identity

    @property
    def special(self) -> Sequence[str]:
        """None: no prompt is read."""
        return ()

    def fits(self, prompt: Prompt) -> bool:  # noqa: ARG002
        """Always: no prompt is read."""
        return True

    def plan(self, requests: Sequence[Request]) -> list[Batch]:
        """All requests in one batch."""
        return [Batch(tuple(requests))]

    def run(self, batches: Iterable[Batch]) -> Iterator[list[Completion]]:
        """Apply the function to each source."""
        for batch in batches:
            yield [Completion(self._translate(r.source), "stop") for r in batch.requests]


def copy_baseline() -> Baseline:
    """Hands the source back: what a system scores by doing nothing."""
    return Baseline(lambda source: source, {"engine": "copy"})


def gloss_baseline(lexicon: Lexicon, lemmatizer: Lemmatizer | None = None) -> Baseline:
    """Replaces each word by its first translation; words without one stay (longest match).

    A word that is no headword is looked up by its base forms.
    """
    identity = {
        "engine": "gloss",
        "lexicon": lexicon.name,
        "lexicon-sha256": fingerprint(lexicon),
        **identity_of(lemmatizer),
    }
    lemmas = lemmatizer.lemmas if lemmatizer else None
    return Baseline(lambda source: gloss(source, lexicon, lemmas=lemmas).text, identity)
