"""Accumulated prediction sensitivity (Krishna et al. 2022, https://arxiv.org/abs/2203.08670).

    P = w' J v,    J[k, i] = |d f_k / d x_i|

f are the probabilities of the task's answers, x the embeddings of a text's pieces (all coordinates
of all pieces but the marks around it), v says how much each coordinate has to do with the protected
status, w weighs the answers. Conventions, which the figure hangs on: w is 1 / answers; v is
|d g / d x_i| of the probability g that the text is about women, scaled to a sum of 1; g is a
logistic regression on the encoder's own pooled vectors, learned on sentences with the list's words.

A gradient is as large as embeddings are small, so P of two models cannot be compared. P over that
of an even v can: 1 where the protected coordinates move the answer as much as any do. Dealing v out
anew among the pieces gives the null.

Worked by hand: f is the logistic function of 2 x_1, g that of 3 x_1 + x_2, at (0, 0). The slope is
1/4, so J is [[.5, 0], [.5, 0]]; |dg| is (.75, .25), v as well; P = .5 * .375 + .5 * .375.

>>> task = lambda x: torch.stack([torch.sigmoid(2 * x[:, 0, 0]), torch.sigmoid(-2 * x[:, 0, 0])], 1)
>>> status = lambda x: torch.sigmoid(3 * x[:, 0, 0] + x[:, 0, 1])
>>> found = sensitivities(task, status, torch.zeros(1, 2), answers=2)
>>> found.value, found.even
(0.375, 0.25)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from metrics.ratios import MEAN
from metrics.score import Score
from metrics.significance import percentile_interval, resampled_scores
from training.classification.classifier import pool
from training.classification.logistic import fitted
from trust.fairness.figures import EXTRINSIC, Figure
from trust.fairness.flips import FEWEST, turned
from trust.fairness.templates import TEMPLATES, said

if TYPE_CHECKING:
    from trust.fairness.subject import Subject

RELATIVE, PLAIN = "relative sensitivity", "accumulated prediction sensitivity"
MOST = 60  # texts: each is a pass forward and back an answer
SHUFFLES = 20
RESAMPLES = 1000
PENALTY = 1e-3
Probabilities = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Of one text.

    Attributes:
        value: P; even: with an even v; shuffled: with v dealt out anew among the pieces.
    """

    value: float
    even: float
    shuffled: float

    @property
    def relative(self) -> float:
        """P over that of an even v."""
        return self.value / self.even if self.even > 0 else 1.0


def sensitivities(
    task: Probabilities,
    status: Probabilities,
    embeddings: Tensor,
    *,
    answers: int,
    inner: Tensor | None = None,
    draws: np.random.Generator | None = None,
) -> Sensitivity:
    """P of one text.

    Args:
        task: (N, T, D) to probabilities (N, answers).
        status: (N, T, D) to the probability of the protected status, (N,).
        embeddings: (T, D).
        inner: (T,) which pieces count; all by default.
        draws: deals v out anew; without it `shuffled` is P itself.
    """
    x = embeddings.detach().expand(answers, *embeddings.shape).clone().requires_grad_()
    [jacobian] = torch.autograd.grad(task(x).diagonal().sum(), x)  # row k: d f_k / d x
    one = embeddings.detach()[None].clone().requires_grad_()
    [gradient] = torch.autograd.grad(status(one).sum(), one)
    keep = torch.ones(len(embeddings), dtype=torch.bool) if inner is None else inner.bool()
    moves = jacobian[:, keep].abs().double().mean(dim=0)  # w' J, (T, D): w is 1 / answers
    weights = gradient[0][keep].abs().double()
    total = float(weights.sum())
    v = weights / total if total > 0 else torch.full_like(weights, 1 / weights.numel())
    value, even = float((moves * v).sum()), float(moves.mean())
    if draws is None or len(v) < 2:
        return Sensitivity(value, even, value)
    orders = [torch.from_numpy(draws.permutation(len(v))) for _ in range(SHUFFLES)]
    dealt = float(np.mean([float((moves * v[order]).sum()) for order in orders]))
    return Sensitivity(value, even, dealt)


def sensitivity(subject: Subject) -> list[Figure]:
    """P of the texts with words of the list, as it is and over that of an even v."""
    found = turned(subject.texts, subject.pairs, subject.config.seed)
    if len(found) < FEWEST:
        subject.notes.append(
            f"sensitivity: {len(found)} texts have words of {subject.pairs.about.name};"
            f" {FEWEST} or more are needed: give others, --texts FILE"
        )
        return []
    network = _Through(subject)
    status, right, held = network.status(*_sentences(subject))
    if right < 75:
        subject.notes.append(
            f"sensitivity: women and men are told apart in {right:.0f} % of {held} held-out"
            " sentences only, so that the direction may not be that of gender"
        )
    draws = np.random.default_rng(subject.config.seed)
    texts = [one.text for one in found[:MOST]]
    every = [network.of(text, status, draws) for text in texts]
    return _figures(subject, every, right, held)


def _figures(
    subject: Subject, every: Sequence[Sensitivity], right: float, held: int
) -> list[Figure]:
    model, seed = subject.model, subject.config.seed
    told = f"pairs:{subject.pairs.about.name}|model:{model.name}@{model.revision}"
    told += "|w:uniform|v:status gradient|status:logistic regression on pooled vectors"
    how = f"95% bootstrap of texts, {RESAMPLES} resamples, seed {seed}"

    def mean(values: Sequence[float]) -> tuple[float, float, float]:
        drawn = resampled_scores(
            MEAN.of_columns, [[one, 1.0] for one in values], resamples=RESAMPLES, seed=seed
        )
        return float(np.mean(values)), *percentile_interval(drawn)

    code, n = subject.language.bcp47, len(every)
    shuffled = mean([one.shuffled / one.even if one.even > 0 else 1.0 for one in every])
    beside: dict[str, float | str] = {
        "women told from men in held-out sentences, %": round(right, 1),
        "held-out sentences": held,
    }
    relative = Score(RELATIVE, *mean([one.relative for one in every]), told, n, how)
    plain = Score(PLAIN, *mean([one.value for one in every]), told, n, how)
    about = "1 where what tells women from men moves answers as much as anything does"
    return [
        Figure("sensitivity", EXTRINSIC, RELATIVE, relative, code, null=shuffled[1:],
               beside=beside, about=about),
        Figure("sensitivity", EXTRINSIC, PLAIN, plain, code, about="not comparable over models"),
    ]  # fmt: skip


def _sentences(subject: Subject) -> tuple[list[str], list[int], list[int]]:
    """Sentences with each word of the pairs, 1 for women's, and which pair each belongs to."""
    templates = TEMPLATES.get(subject.language.bcp47, ("{}", "{}.", "{}!"))
    texts, labels, owners = [], [], []
    rows = [pair for pair in subject.pairs.rows if not pair.tag]
    for number, pair in enumerate(rows):
        for word, label in ((pair.female, 1), (pair.male, 0)):
            for template in templates:
                texts.append(said(template, word)[0])
                labels.append(label)
                owners.append(number)
    return texts, labels, owners


class _Through:
    """The subject's network from embeddings on: probabilities of answers, and of the status."""

    def __init__(self, subject: Subject) -> None:
        labeller = subject.labeller
        self._network = labeller.network.float().eval()
        self._tokenizer = labeller.tokenizer
        self._prefix = getattr(labeller, "prefix", "")
        self._length = labeller.length
        shape = getattr(self._network, "shape", None)
        self._pooling = shape.pooling if shape is not None else self._network.pooling
        self._answers = len(shape.intents) if shape is not None else len(labeller.labels)
        self._of_pooled: Callable[[Tensor], Tensor] = (
            self._network.intents_of if shape is not None else self._network.head
        )

    def of(self, text: str, status: Probabilities, draws: np.random.Generator) -> Sensitivity:
        """The sensitivity of a text."""
        ids, inner = self._ids(text)
        table = self._network.encoder.get_input_embeddings()
        embeddings = table(torch.tensor(ids)).detach()

        def task(x: Tensor) -> Tensor:
            found: Tensor = self._of_pooled(self._pooled(x)).softmax(dim=-1)
            return found

        how = {"answers": self._answers, "inner": inner, "draws": draws}
        return sensitivities(task, lambda x: status(self._pooled(x)), embeddings, **how)  # type: ignore[arg-type]

    def status(
        self, texts: Sequence[str], labels: Sequence[int], owners: Sequence[int]
    ) -> tuple[Probabilities, float, int]:
        """The status model, from pooled vectors; its accuracy on pairs that it has not seen."""
        vectors = torch.cat([self._vector(text) for text in texts])
        centre, spread = vectors.mean(dim=0), vectors.std(dim=0).clamp(min=1e-6)

        def features(x: Tensor) -> Tensor:
            return torch.cat([(x - centre) / spread, torch.ones(len(x), 1)], dim=1)

        seen = torch.tensor([owner % 2 == 0 for owner in owners])
        gold = torch.tensor(labels)
        half = self._head(features(vectors[seen]), gold[seen])
        guessed = (features(vectors[~seen]) @ half).argmax(dim=1)
        right = 100 * float((guessed == gold[~seen]).float().mean())
        head = self._head(features(vectors), gold)

        def probability(pooled: Tensor) -> Tensor:
            return (features(pooled) @ head).softmax(dim=-1)[:, 1]

        return probability, right, int((~seen).sum())

    @staticmethod
    def _head(x: Tensor, gold: Tensor) -> Tensor:
        made: Tensor = fitted(lambda w: x @ w, x.shape[1], gold.tolist(), 2, PENALTY)
        return made

    def _ids(self, text: str) -> tuple[list[int], Tensor]:
        """The pieces of a text with its prefix and marks, and which are the text's own."""
        found: Any = self._tokenizer(
            self._prefix + text, truncation=True, max_length=self._length,
            return_offsets_mapping=True, return_special_tokens_mask=True,
        )  # fmt: skip
        ends = [stop for _, stop in found["offset_mapping"]]
        marks = found["special_tokens_mask"]
        inner = [not m and stop > len(self._prefix) for m, stop in zip(marks, ends, strict=True)]
        return list(found["input_ids"]), torch.tensor(inner)

    def _vector(self, text: str) -> Tensor:
        ids, _ = self._ids(text)
        table = self._network.encoder.get_input_embeddings()
        with torch.no_grad():
            return self._pooled(table(torch.tensor(ids))[None])

    def _pooled(self, x: Tensor) -> Tensor:
        """(N, T, D) of embeddings to (N, width)."""
        mask = torch.ones(x.shape[:2], dtype=torch.long)
        states = self._network.encoder(inputs_embeds=x, attention_mask=mask)[0].float()
        return pool(states, mask, self._pooling)
