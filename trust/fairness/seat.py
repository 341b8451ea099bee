"""SEAT: words in sentences that say nothing else (May et al. 2019, https://arxiv.org/abs/1903.10561).

Each word is put into every sentence, and the sentences' vectors stand for it. The effect size is
over sentences, as the paper has it; the permutation test and the interval deal out whole words,
since the sentences of one word are not independent (the paper deals out sentences, and its p is too
small).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trust.fairness.association import Floats, associations, effect_size
from trust.fairness.figures import Figure
from trust.fairness.templates import TEMPLATES, read_templates, said
from trust.fairness.weat import effect_figure

if TYPE_CHECKING:
    from trust.fairness.lists import Group, WordTest
    from trust.fairness.subject import Subject


def seat(subject: Subject) -> list[Figure]:
    """The effect of every test."""
    templates = _templates(subject)
    return [_figure(subject, test, templates) for test in subject.tests]


def _templates(subject: Subject) -> tuple[str, ...]:
    if subject.config.templates:
        return read_templates(subject.config.templates)
    return TEMPLATES[subject.language.bcp47]


def _figure(subject: Subject, test: WordTest, templates: tuple[str, ...]) -> Figure:
    x, y, a, b = (_sentences(subject, one, templates) for one in test.groups)
    attributes = (one.reshape(-1, one.shape[-1]) for one in (a, b))
    first, second = attributes
    of_x, of_y = (
        associations(one.reshape(-1, one.shape[-1]), first, second).reshape(one.shape[:2])
        for one in (x, y)
    )
    every = np.concatenate([of_x, of_y]).ravel()
    words = np.concatenate([of_x, of_y]).mean(axis=1)
    return effect_figure(
        subject, "seat", test, of_x.mean(axis=1), of_y.mean(axis=1),
        value=effect_size(of_x.ravel(), of_y.ravel()),
        shrink=float(words.std(ddof=1) / max(1e-12, every.std(ddof=1))),
        signature=f"|templates:{len(templates)}",
    )  # fmt: skip


def _sentences(subject: Subject, group: Group, templates: tuple[str, ...]) -> Floats:
    """Vectors of sentences, (words, templates, width)."""
    texts = [said(template, word)[0] for word in group.words for template in templates]
    encoder = subject.encoder
    found = encoder.layers(texts, [subject.layer])[0].astype(np.float64)
    made: Floats = found.reshape(len(group.words), len(templates), -1)
    return made
