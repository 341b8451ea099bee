"""Label distillation: a teacher sees to the labels of pseudo-labelled sentences.

Words that a lexicon put in carry the labels of the words that they replaced, and some of these are
wrong for them. Wang, Ruder and Neubig (2022, https://aclanthology.org/2022.acl-long.61) train a
teacher on the source language's own labels, let it label the pseudo sentences, and train the
student on both. That is "relabel", with the teacher's best label for each word; real text without
labels is labelled in the same way. "agree" keeps the labels that came with the words, and only
sentences of which the teacher confirms enough.

>>> made = (TaggedSentence("1", ("mbwa", "lala"), ("NOUN", "NOUN")),)
>>> [one.tags for one in relabelled(made, [["NOUN", "VERB"]], Counter())]
[('NOUN', 'VERB')]
>>> counts = Counter()
>>> agreeing(made, [["NOUN", "VERB"]], 0.8, counts), dict(counts)
([], {'sentence on less than 0.8 of whose words the teacher agrees': 1})
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from data.errors import InputError
from data.labels.bio import repaired
from data.labels.schemes import BIO
from data.tagged import TaggedSentence
from training.tagging.config import RELABEL
from training.tagging.tagger import Tagger

CHANGED, KEPT = "label changed by the teacher", "label kept by the teacher"


def distilled(
    sentences: Sequence[TaggedSentence],
    teacher: Tagger,
    how: str,
    agreement: float,
    scheme: str,
    counts: Counter[str],
) -> list[TaggedSentence]:
    """The sentences with labels as the teacher sees them.

    Args:
        how: "relabel" or "agree".
        counts: receives how many labels were changed, or how many sentences left out.

    Raises:
        InputError: the teacher has labels of another scheme.
    """
    found = teacher.tag([sentence.tokens for sentence in sentences])
    if scheme == BIO:
        _check_bio(teacher.labels)
        found = [list(repaired(tags)[0]) for tags in found]
    if how == RELABEL:
        return relabelled(sentences, found, counts)
    return agreeing(sentences, found, agreement, counts)


def relabelled(
    sentences: Sequence[TaggedSentence], tags: Sequence[Sequence[str]], counts: Counter[str]
) -> list[TaggedSentence]:
    """The sentences with these tags; how many labels are other than before is counted."""
    for sentence, own in zip(sentences, tags, strict=True):
        changed = sum(a != b for a, b in zip(sentence.tags, own, strict=True))
        counts[CHANGED] += changed
        counts[KEPT] += len(own) - changed
    pairs = zip(sentences, tags, strict=True)
    return [replace(sentence, tags=tuple(own)) for sentence, own in pairs]


def agreeing(
    sentences: Sequence[TaggedSentence],
    tags: Sequence[Sequence[str]],
    share: float,
    counts: Counter[str],
) -> list[TaggedSentence]:
    """The sentences, as they are, of whose labels at least this share is among these tags too."""
    kept = []
    for sentence, own in zip(sentences, tags, strict=True):
        same = sum(a == b for a, b in zip(sentence.tags, own, strict=True))
        if same >= share * len(own):
            kept.append(sentence)
        else:
            counts[f"sentence on less than {share:g} of whose words the teacher agrees"] += 1
    return kept


def _check_bio(labels: Sequence[str]) -> None:
    other = next((tag for tag in labels if tag != "O" and tag[:2] not in ("B-", "I-")), None)
    if other:
        raise InputError(f'--teacher has the label "{other}", expected names (O, B-X, I-X)')
