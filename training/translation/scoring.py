"""How good a translator is: greedy while it trains, by search at the end, beside baselines.

>>> records = list(scored("toy", "sw", "en", "copy", ["Habari"], ["Hello"], {}))
>>> records[0]["direction"], [score["name"] for score in records[0]["scores"]]
('sw-en', ['BLEU', 'chrF++'])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.access import Access
from data.errors import UnavailableError
from data.languages import resolve
from data.lexicon import gloss
from data.lexicon.lemmas import lemmatizer_for
from data.lexicon.load import load_lexicon
from metrics.translation import score
from training.losses import translation_loss
from training.translation.batches import Coded, by_length, made
from training.translation.network import Network
from training.translation.sets import Way

METRICS = ("BLEU", "chrF++")
MODEL, COPY, GLOSS = "model", "copy", "gloss"
FEW = 40  # resamples where nobody looks at the interval
ROWS = 64  # sentences that are translated together
MOST = 128  # pieces of a translation while a model is trained


@dataclass(frozen=True)
class Judge:
    """Scores a model while it is trained: what `training.loop.fit` evaluates.

    Args:
        ways: the dev pairs, in each direction that is learned.
        limit: how many of each are translated.
        tokens: of a batch for the loss.
    """

    network: Network
    ways: Sequence[Way]
    limit: int
    tokens: int

    def __call__(self, model: Any) -> dict[str, float]:
        """Nats a piece, chrF++ and BLEU (0-100) of greedy translations: means over the directions,
        and each of them."""
        found: dict[str, dict[str, float]] = {}
        for way in self.ways:
            few = way._replace(texts=way.texts[: self.limit])
            sources, references = zip(*few.texts, strict=True)
            texts = greedy(self.network, model, list(sources), way.source, way.target)
            direction = f"{way.source}-{way.target}"
            found.setdefault("loss", {})[direction] = self._loss(model, few)
            for name in METRICS:
                value = score(
                    texts, list(references), name=name, target_language=way.target, resamples=FEW
                ).value
                found.setdefault(name, {})[direction] = value
        means = {name: sum(by.values()) / len(by) for name, by in found.items()}
        each = {f"{name} {way}": value for name, by in found.items() for way, value in by.items()}
        return means | (each if len(self.ways) > 1 else {})

    def _loss(self, model: Any, way: Way) -> float:
        """Nats a piece, without smoothing."""
        coded, _ = self.network.coder.coded(way)
        total, count = 0.0, 0
        for batch in by_length(coded, max([self.tokens, *(one.cost for one in coded)])):
            tensors = made(batch, self.network.coder.ends)
            here = {name: one.to(_device(model)) for name, one in tensors.items()}
            nats, pieces = translation_loss(model, here)
            total, count = total + float(nats), count + int(pieces)
        return total / max(1, count)


def greedy(
    network: Network, model: Any, texts: Sequence[str], source: str, target: str
) -> list[str]:
    """Translations by the likeliest piece each time, from a model that is being trained."""
    import torch

    from training.losses import plain

    coder = network.coder
    rows = coder.sources(texts, source, tagged=False)
    order = sorted(range(len(rows)), key=lambda number: -len(rows[number]))
    start = [coder.ends.start, coder.tag(target)]
    found = [""] * len(texts)
    for first in range(0, len(order), ROWS):
        chosen = order[first : first + ROWS]
        coded = [Coded(_array(rows[number]), _array(start)) for number in chosen]
        tensors = made(coded, coder.ends)
        here = {name: tensors[name].to(_device(model)) for name in ("input_ids", "attention_mask")}
        begun = torch.tensor([start] * len(chosen), device=_device(model))
        written = plain(model).generate(
            **here,
            decoder_input_ids=begun,
            max_new_tokens=MOST,
            do_sample=False,
            num_beams=1,
            pad_token_id=coder.ends.pad,
            eos_token_id=coder.tokenizer.eos_token_id,
        )
        for number, text in zip(chosen, _decoded(coder.tokenizer, written), strict=True):
            found[number] = text
    return found


def _decoded(tokenizer: Any, written: Any) -> list[str]:
    texts = tokenizer.batch_decode(
        written.tolist(), skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    return [" ".join(text.split()) for text in texts]


def _array(ids: Sequence[int]) -> Any:
    import numpy as np

    return np.asarray(ids, np.int64)


def _device(model: Any) -> Any:
    return next(model.parameters()).device


def baselines(
    source: str, target: str, access: Access
) -> tuple[dict[str, Callable[[str], str]], list[str]]:
    """What costs nothing: the source as it is, and glossed by a lexicon; notes on what lacks."""
    found: dict[str, Callable[[str], str]] = {COPY: lambda text: text}
    left, right = resolve(source), resolve(target)
    try:
        lexicon = load_lexicon(left, right, access=access)
    except UnavailableError as error:
        return found, [f"no gloss baseline for {source}-{target}: {error}"]
    lemmas = lemmatizer_for(left, lexicon, access=access).lemmas
    found[GLOSS] = lambda text: gloss(text, lexicon, lemmas=lemmas).text
    return found, []


def scored(
    test: str,
    source: str,
    target: str,
    system: str,
    texts: Sequence[str],
    references: Sequence[str],
    context: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """The record of a system on a test set in a direction: BLEU and chrF++ with intervals."""
    direction = f"{source}-{target}"
    told = {"set": test, "direction": direction, "system": system, **context}
    scores = [
        score(list(texts), list(references), name=name, target_language=target).with_context(**told)
        for name in METRICS
    ]
    yield {
        "test": test,
        "direction": direction,
        "system": system,
        "sentences": len(texts),
        "scores": [one.to_dict() for one in scores],
    }
