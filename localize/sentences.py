r"""A segment's sentences, in any language: sentencex's rules, and full stops that it may lack.

Protected parts are masked first, so that no full stop within mathematics or an address ends one.

>>> split("Let $x.y$ be given. See Fig. 3 at https://a.b/c. Then stop.", "en")
['Let $x.y$ be given. ', 'See Fig. 3 at https://a.b/c. ', 'Then stop.']
>>> split("你好。我很好！是吗？", "zh"), split("ក។ខ។", "km")
(['你好。', '我很好！', '是吗？'], ['ក។', 'ខ។'])
>>> split("Bu 5. satırdır. O 6. satır.", "tr")
['Bu 5. satırdır. ', 'O 6. satır.']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from data.errors import UnavailableError
from localize.documents.inline import protected
from localize.documents.record import Span

# Letters of a private use area stand for protected parts while sentences are looked for.
_FILLER = "\ue000"
LONGEST = 4000  # characters without an end of a sentence before a line or a space must do
# Ethiopic, Devanagari, Arabic, Urdu, Chinese, Burmese, Khmer, Tibetan, Armenian
_ENDS = re.compile(r"(?<=[።፧፨।॥؟۔。！？၊။។༎։])(?=\s|[^\W_])\s*")

_IMAGE = re.compile(r"!(?=\[)")
_OVERLOOKED = re.compile("[។༎]")  # which sentencex 1.0 does not know


def split(text: str, language: str, spans: Sequence[Span] | None = None) -> list[str]:
    """The sentences of a text, the space behind each with it: joined they are the text.

    Args:
        language: an ISO 639 code, `en`; a script or country behind it is passed over.
        spans: its protected parts; those of Markdown by default.

    Raises:
        UnavailableError: the package sentencex is not installed.
    """
    try:
        import sentencex
    except ImportError as error:
        raise UnavailableError(
            'sentences need the package "sentencex"; run: pip install "kilolingua[localize]"'
        ) from error
    masked = list(text)
    for span in protected(text) if spans is None else spans:
        masked[span.start : span.stop] = _FILLER * (span.stop - span.start)
    for image in _IMAGE.finditer(text):
        masked[image.start()] = _FILLER
    flat = "".join(masked).replace("\n", " ").encode("utf-8", "replace").decode()
    found, at = list[str](), 0
    for sentence in sentencex.segment(language.split("-")[0].split("_")[0], flat):
        for part in _parts(sentence):
            found.append(text[at : at + len(part)])
            at += len(part)
    if at < len(text):  # what a splitter left out at the end
        found.append(text[at:])
    return _joined([sentence for sentence in _with_spaces(found) if sentence])


def _joined(sentences: list[str]) -> list[str]:
    """A full stop before a small letter ends no sentence: `5. satır`, `$i$. dizi`, `e.g. oaks`."""
    told = list[str]()
    for sentence in sentences:
        if told and sentence[0].islower() and told[-1].rstrip().endswith("."):
            told[-1] += sentence
        else:
            told.append(sentence)
    return told


def _parts(sentence: str) -> Iterator[str]:
    """One sentence, or several where a full stop of another script was overlooked."""
    at = 0
    if len(sentence) > 200 or _OVERLOOKED.search(sentence):
        for end in _ENDS.finditer(sentence):
            yield sentence[at : end.end()]
            at = end.end()
    rest = sentence[at:]
    while len(rest) > LONGEST:
        cut = rest.rfind(" ", LONGEST // 2, LONGEST) + 1 or LONGEST
        yield rest[:cut]
        rest = rest[cut:]
    yield rest


def _with_spaces(sentences: list[str]) -> list[str]:
    """Space that a splitter put before a sentence belongs to the one before it."""
    for place in range(1, len(sentences)):
        text = sentences[place]
        inner = text.lstrip()
        if inner and len(inner) < len(text):
            sentences[place - 1] += text[: len(text) - len(inner)]
            sentences[place] = inner
        elif not inner:
            sentences[place - 1] += text
            sentences[place] = ""
    return sentences
