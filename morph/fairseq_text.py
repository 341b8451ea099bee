r"""What fairseq reads and writes for a triple: symbols of characters.

>>> alphabet = frozenset("aeilmosk")
>>> text, unknown = source_tokens("soma", "V;PST;NOM(3,SG)", alphabet)
>>> " ".join(text), unknown
('[V] [PST] [NOM] [(] [3] [SG] [)] s o m a', ())
>>> source_tokens("soñga", "V;PST", alphabet)[0]
['[V]', '[PST]', 's', 'o', '<new1>', '<new2>', 'a']
>>> form(["a", "l", "i", "s", "o", "<new1>", "<new2>", "a"], ("ñ", "g"))
'alisoñga'

Features come first, each name and each bracket a symbol in square brackets; then the lemma. A space
is `▁`, as in `training.fairseq.text`. A model can copy only characters that it was trained
with, so those that it lacks are written as eight placeholders, `<new1>` and on, in their order in
the lemma, and put back into the form. Some training pairs are given to it in this way as well,
with characters hidden that the form copies from the lemma (`hidden`). Without that, half of
Japanese is out of reach: 49 % of the test items of 2023 hold a character that no training item has.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from random import Random

from training.fairseq.text import escape, unescape

PLACEHOLDERS = tuple(f"<new{number}>" for number in range(1, 9))
MOST_HIDDEN = 3  # characters of one training pair

_NAME_OR_BRACKET = re.compile(r"[^();,]+|[()]")


def feature_tokens(bundle: str) -> list[str]:
    """The symbols of a bundle, flat or with brackets.

    >>> feature_tokens("N;DAT(PL;PSS(1,SG))")
    ['[N]', '[DAT]', '[(]', '[PL]', '[PSS]', '[(]', '[1]', '[SG]', '[)]', '[)]']
    """
    return ["[" + "".join(map(escape, one)) + "]" for one in _NAME_OR_BRACKET.findall(bundle)]


def feature_names(bundle: str) -> list[str]:
    """The features of a bundle, those in brackets as well.

    >>> feature_names("V;NOM(3,SG)")
    ['V', 'NOM', '3', 'SG']
    """
    return [name for name in _NAME_OR_BRACKET.findall(bundle) if name not in "()"]


def source_tokens(
    lemma: str, bundle: str, characters: Container[str]
) -> tuple[list[str], tuple[str, ...]]:
    """The source side, and the characters that its placeholders stand for, the first one first.

    Args:
        characters: those that the model was trained with.
    """
    unknown = tuple(dict.fromkeys(one for one in lemma if one not in characters))
    return [*feature_tokens(bundle), *_characters(lemma, unknown)], unknown


def target_tokens(text: str, unknown: Sequence[str] = ()) -> list[str]:
    """The target side: the characters of a form, some of them as placeholders.

    >>> target_tokens("si soma", ("s",))
    ['<new1>', 'i', '▁', '<new1>', 'o', 'm', 'a']
    """
    return _characters(text, unknown)


def form(tokens: Iterable[str], unknown: Sequence[str]) -> str:
    """The form that a model wrote; a placeholder that stands for nothing is left out."""
    stands_for = dict(zip(PLACEHOLDERS, [*unknown, *[""] * len(PLACEHOLDERS)], strict=False))
    return "".join(stands_for.get(token, unescape(token)) for token in tokens)


def hidden(lemma: str, text: str, draw: Random) -> tuple[str, ...]:
    """What the placeholders stand for in a training pair: characters that are only copied.

    Those that stand as often in the form as in the lemma are taken for copied: a character that no
    training pair has is never part of an affix. One to three are drawn, each at a place of its own;
    the other places hold "".

    >>> set(hidden("soma", "alisoma", Random(1))) <= {*"som", ""}
    True
    """
    shared = sorted(one for one in set(lemma) if lemma.count(one) == text.count(one))
    drawn = draw.sample(shared, min(len(shared), draw.randint(1, MOST_HIDDEN)))
    places = drawn + [""] * (len(PLACEHOLDERS) - len(drawn))
    draw.shuffle(places)
    return tuple(places)


def _characters(text: str, unknown: Sequence[str]) -> list[str]:
    """Characters as symbols; the ninth unknown one and on stay as they are, which is `<unk>`."""
    placeholder = dict(zip(unknown, PLACEHOLDERS, strict=False))
    return [placeholder.get(character, escape(character)) for character in text]
