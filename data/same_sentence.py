r"""When two texts are the same sentence: by their letters and digits, and nothing else.

Shots and pools, translation memories, the sentence of `icl.translate`, training text: all are
compared with a test set by `sentence_key`. Case, spaces of any kind, punctuation, quotes and
apostrophes in any spelling, invisible characters (joiners, soft hyphens, marks of direction),
forms of compatibility and the stretched line of Arabic hide no sentence.

>>> sentence_key("“Ng’ombe wetu”, SASA: 3.5!") == sentence_key("ngʼombe we\u200btu sasa 35")
True
"""

from __future__ import annotations

import re
import unicodedata

# Not letters and digits; also vowel signs that no letter takes in: they may be missing. And what
# Unicode counts as letters though it is none: apostrophes (ʼ), accents by themselves, tatweel, the
# stops of Thai and Lao (ฯ, ຯ), Devanagari's caret, fillers that show nothing.
_IGNORED = re.compile(
    r"[\W_\u02b9-\u02bf\u02c6-\u02cf\u02ec\u02ee\ua78b\ua78c\u07f4\u07f5\u0640\u07fa"
    r"\u0e2f\u0eaf\ua8f7"
    r"\u115f\u1160\u3164\uffa0]+"
)
_SPACES = re.compile(r"\s+")


def sentence_key(sentence: str) -> str:
    """What two texts share if they are the same sentence; "" only where nothing is to be seen.

    A text without a letter or digit is the same as one with the same signs.

    >>> sentence_key("።"), sentence_key("? !"), sentence_key("\u200b ")
    ('።', '?!', '')
    """
    return letters_of(sentence) or "".join(
        character
        for character in _SPACES.sub("", unicodedata.normalize("NFKC", sentence))
        if unicodedata.category(character) not in ("Cc", "Cf")
    )


def letters_of(sentence: str) -> str:
    """The letters and digits of a sentence, without case.

    >>> letters_of("Ng'ombe wetu, SASA: 3.5!"), letters_of("?!")
    ('ngombewetusasa35', '')
    """
    if sentence.isascii():
        folded = sentence.lower()
    else:  # twice: case folding may decompose what was composed
        folded = unicodedata.normalize("NFKC", sentence).casefold()
        folded = unicodedata.normalize("NFKC", folded)
    return _IGNORED.sub("", folded)
