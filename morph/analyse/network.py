"""A network the other way round: it reads a form and writes its lemma and its features.

    >>> rows = [Triple("soma", "V;PST", "alisoma"), Triple("pika", "V;FUT", "atapika")]
    >>> names = features_of(rows)
    >>> turned = turn(rows[0], names)
    >>> turned.lemma, turned.features, read(turned.form, names)
    ('alisoma', 'LEMMA', Analysis(lemma='soma', features='V;PST'))

It is a `morph.transducer.Transducer` like any other, trained on triples that are turned round: what
it is asked about is a form, always with the same bundle, and what it writes is the lemma with a
sign for each feature behind it, so that one beam holds whole analyses and their probabilities. The
signs are characters of Unicode's last planes, in the order of the names in the model's config.json
(`way_back`). Beside it, in forms/, is a transducer of the usual kind that learned from the same
triples, from lemma to form, and says how likely each analysis would have given this form: the
channel of a noisy-channel model (Yee, Dauphin and Auli 2019, Simple and effective noisy channel
modeling for neural machine translation). analysis.json holds how much the word of either weighs
beside the votes (`morph.analyse.ranking`), learned on lemmas that were held out from training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InputError
from data.languages import Language
from data.lexicon.lemmas import Analysis
from data.tsv import excerpt
from data.unimorph import Triple
from morph.inflect.sources import open_transducer
from morph.model_folder import FORMS
from morph.orthography import composed

if TYPE_CHECKING:
    from morph.transducer import Transducer

ASKED = "LEMMA"  # the bundle of every question
FIRST = 0xF0000  # the sign of the first feature
LOWEST = -20.0  # log probabilities below it are all alike: the network would never write that
BEAM = 12


def features_of(triples: Iterable[Triple]) -> tuple[str, ...]:
    """The names of features that the bundles are put together of, sorted."""
    return tuple(sorted({name for one in triples for name in one.features.split(";")}))


def write(analysis: Analysis, names: Sequence[str]) -> str:
    """A lemma, and a sign for each feature.

    Raises:
        InputError: a feature that is not among the names.
    """
    sign = {name: chr(FIRST + place) for place, name in enumerate(names)}
    features = analysis.features.split(";")
    unknown = [name for name in features if name not in sign]
    if unknown:
        raise InputError(
            f"bundle {excerpt(analysis.features)}: expected features that the model writes, found"
            f" {excerpt(unknown[0])}; train a new one, without --from"
        )
    return analysis.lemma + "".join(sign[name] for name in features)


def read(text: str, names: Sequence[str]) -> Analysis:
    """What `write` wrote; of anything else what is in it, signs where they stand."""
    places = [ord(character) - FIRST for character in text]
    bundle = ";".join(names[place] for place in places if 0 <= place < len(names))
    lemma = "".join(c for c, at in zip(text, places, strict=True) if not 0 <= at < len(names))
    return Analysis(composed(lemma), bundle)


def turn(triple: Triple, names: Sequence[str]) -> Triple:
    """The question about a form and its answer, as a triple to train on."""
    answer = write(Analysis(triple.lemma, triple.features), names)
    return Triple(triple.form or "", ASKED, answer)


@dataclass(frozen=True)
class Network:
    """A trained model of the way back that proposes analyses of forms.

    Args:
        forms: from lemma to form, if there are such networks too.
    """

    transducer: Transducer
    forms: Transducer | None = None

    @classmethod
    def load(cls, folder: Path, language: Language, *, device: str = "cpu") -> tuple[Path, Network]:
        """The model's own folder and its networks, of a run folder or of the model's.

        Raises:
            InputError: no such model is there, or one of other languages.
            UnavailableError: torch is not installed.
        """
        place, transducer = open_transducer(folder, language, device=device, way_back=True)
        if not (place / FORMS).is_dir():
            return place, cls(transducer)
        return place, cls(transducer, open_transducer(place / FORMS, language, device=device)[1])

    @property
    def kinds(self) -> int:
        """Of networks, each of which scores an analysis: 1, or 2 if some go from lemma to form."""
        return 1 + (self.forms is not None)

    def propose(self, forms: Sequence[str]) -> list[dict[Analysis, float]]:
        """Up to BEAM analyses a form with their log probabilities (nats), the likeliest first.

        None for a form that the model refuses (`Transducer.refusal`).
        """
        asked = [form for form in dict.fromkeys(forms) if self._reads(form)]
        questions = [(form, ASKED) for form in asked]
        answers = self.transducer.predict(questions, beam=BEAM, n_best=BEAM)
        found: Mapping[str, dict[Analysis, float]] = {form: {} for form in forms}
        for form, hypotheses in zip(asked, answers, strict=True):
            for one in hypotheses:
                analysis = read(one.form, self.transducer.way_back)
                found[form].setdefault(analysis, max(one.score, LOWEST))
        return [found[form] for form in forms]

    def score(self, pairs: Sequence[tuple[str, Analysis]]) -> list[float]:
        """The log probabilities of analyses of forms, LOWEST at least."""
        names = self.transducer.way_back
        known = [
            place
            for place, (form, analysis) in enumerate(pairs)
            if {*analysis.features.split(";")} <= {*names} and self._reads(form)
        ]
        items = [(pairs[n][0], ASKED, write(pairs[n][1], names)) for n in known]
        scores = [LOWEST] * len(pairs)
        for place, score in zip(known, self.transducer.score(items), strict=True):
            scores[place] = max(score, LOWEST)
        return scores

    def score_back(self, pairs: Sequence[tuple[str, Analysis]]) -> list[float]:
        """The log probabilities of forms if they are of these analyses, LOWEST at least.

        LOWEST for all where no networks go from lemma to form.
        """
        scores = [LOWEST] * len(pairs)
        if self.forms is None:
            return scores
        items = [(one.lemma, one.features, form) for form, one in pairs]
        known = [n for n, item in enumerate(items) if self.forms.refusal(*item[:2]) is None]
        for place, score in zip(known, self.forms.score([items[n] for n in known]), strict=True):
            scores[place] = max(score, LOWEST)
        return scores

    def _reads(self, form: str) -> bool:
        return self.transducer.refusal(form, ASKED) is None
