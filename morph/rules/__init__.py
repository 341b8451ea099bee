"""Inflection without training: rules and analogies from triples.

    from data.inflections.tables import load_triples
    rules = Rules.learn(load_triples(resolve("sw"), "train").triples)
    rules.predict("pika", "V;IND;PST;NOM(3,SG,BANTU1);POS")   # alipika, why, how sure

Two policies:

`affix` is the non-neural baseline of the SIGMORPHON shared tasks (`morph.rules.affixes`):
69.60 on the 27 test files of 2023, the official figure.

`analogy`, the default, lets the pairs of a bundle whose lemmas are most like ours vote
(`morph.rules.analogies`), the affix rules among them, and makes the forms of a bundle that was
never seen from its neighbours in the paradigm. The few weights of votes,
and the curve from shares of the votes to confidences, are learned on held-out lemmas; then the
pairs of all lemmas vote.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from data.bounded import check_shape
from data.errors import InputError
from data.files import canonical_json, write_whole
from data.tsv import excerpt
from data.unimorph import Triple
from morph.graphemes import Writing
from morph.rules.affixes import AffixRules, Pair, leans_to_prefixes
from morph.rules.analogies import Weights
from morph.rules.calibration import Curve, read_learned
from morph.rules.voting import ATTESTED, EVERY_KIND, Voting

Policy = Literal["affix", "analogy"]

FORMAT = "kilolingua rules 1"  # another number where the same file would give other forms
LARGEST_WEIGHT = 100  # beside which e to its power is still a number
SHAPE = {
    "policy": str,
    "reverse": bool,
    "scheme": str,
    "weights": {str: float},
    "curves": {str: [[float]]},
    "pairs": {str: [[str]]},
}
MOST_PAIRS = 4000  # of one bundle; more teach little and cost time
ALTERNATIVES = 5


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """A form that rules made.

    rule: what made it, for people: `e> -> ed>, < -> <` or `soma : alisoma` or `copy`. support: how
    many training pairs speak for it. confidence: how often such answers were right on held-out
    lemmas, 0 to 1; None where none was of its kind, as of a bundle that was never seen.
    alternatives: other forms that got votes, best first, with their shares.
    """

    form: str
    rule: str
    support: int
    confidence: float | None
    alternatives: tuple[tuple[str, float], ...] = ()


class Rules:
    """What a language's rules know; made by `learn` or `load`.

    >>> rows = [("soma", "V;PST", "alisoma"), ("pika", "V;PST", "alipika")]
    >>> rules = Rules.learn([Triple(*row) for row in rows], policy="affix")
    >>> rules.predict("tembea", "V;PST").form, rules.predict("tembea", "V;FUT").rule
    ('alitembea', 'copy')
    """

    def __init__(
        self,
        pairs: Mapping[str, tuple[Pair, ...]],
        *,
        policy: Policy = "analogy",
        reverse: bool | None = None,
        weights: Weights | None = None,
        scheme: str = "characters",
        curves: Mapping[str, Curve] | None = None,
    ) -> None:
        if policy not in get_args(Policy):
            raise InputError(
                f'rules: expected the policy affix or analogy, found "{policy}"; give one of these'
            )
        self.policy = policy
        self.pairs = pairs
        self.weights = weights or Weights()
        self.curves = dict(curves or {})
        self._writing = Writing(scheme)
        written = self._writing.encode_pairs(pairs)
        self._affixes = AffixRules(written, reverse=reverse)
        self._voting = Voting(written, self._affixes, self.weights)

    @classmethod
    def learn(
        cls, triples: Iterable[Triple], *, policy: Policy = "analogy", seed: int = 1
    ) -> Rules:
        """Learn from triples; those without a form are passed over.

        Args:
            seed: draws the lemmas that are held out for weights and confidence.

        Raises:
            InputError: no triples with a form.
        """
        from morph.rules.held_out import fit_parameters  # numpy

        pairs = _by_bundle(triples)
        if not pairs:
            raise InputError("rules: expected triples with forms, found none; give a train file")
        reverse = leans_to_prefixes(pair for some in pairs.values() for pair in some)
        parameters = fit_parameters(pairs, policy=policy, reverse=reverse, seed=seed)
        return cls(pairs, policy=policy, reverse=reverse, **parameters._asdict())

    @property
    def features(self) -> frozenset[str]:
        """The bundles that were seen."""
        return frozenset(self.pairs)

    def predict(self, lemma: str, features: str) -> RuleAnswer:
        """The form of a lemma for a bundle, seen or not; the same for the same training data.

        Raises:
            InputError: the bundle's brackets do not pair up (only where it was never seen).
        """
        rank = self._voting.by_affixes if self.policy == "affix" else self._voting.rank
        kind, ranked = rank(self._writing.encode(lemma), features)
        curve = self._curve(kind)
        decode = self._writing.decode
        best, others = ranked[0], ranked[1:ALTERNATIVES]
        return RuleAnswer(
            decode(best.form),
            decode(best.rule),
            best.support,
            curve(best.share) if curve is not None and curve.steps else None,
            tuple((decode(one.form), one.share) for one in others),
        )

    def _curve(self, kind: str) -> Curve | None:
        """What was measured on answers of a kind; a bundle that was seen may borrow from others."""
        return self.curves.get(kind) or (self.curves.get(EVERY_KIND) if kind in ATTESTED else None)

    def save(self, path: Path) -> None:
        """Write all that `load` needs, as JSON; the file appears whole."""
        about = {
            "format": FORMAT,
            "policy": self.policy,
            "reverse": self._affixes.reverse,
            "scheme": self._writing.scheme,
            "weights": self.weights._asdict(),
            "curves": {kind: curve.to_json() for kind, curve in self.curves.items()},
            "pairs": self.pairs,
        }
        write_whole(path, canonical_json(about) + "\n")

    @classmethod
    def load(cls, path: Path) -> Rules:
        """Read what `save` wrote.

        Raises:
            InputError: it is no such file, or was written by another version.
        """
        about = _read(path)
        try:
            if any(abs(weight) > LARGEST_WEIGHT for weight in about["weights"].values()):
                raise ValueError(f"a weight of more than {LARGEST_WEIGHT}")
            return cls(
                {key: tuple((a, b) for a, b in pairs) for key, pairs in about["pairs"].items()},
                policy=about["policy"],
                reverse=about["reverse"],
                scheme=about["scheme"],
                weights=Weights(**about["weights"]),
                curves={kind: Curve.from_json(one) for kind, one in about["curves"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{path}: expected {FORMAT}, found {error}; learn again") from error


def _by_bundle(triples: Iterable[Triple]) -> dict[str, tuple[Pair, ...]]:
    """Pairs by bundle, in order; of a long list, MOST_PAIRS spread evenly over it."""
    found: dict[str, dict[Pair, None]] = {}
    for triple in triples:
        if triple.form is not None:
            found.setdefault(triple.features, {})[triple.lemma, triple.form] = None
    return {features: _spread(tuple(pairs)) for features, pairs in found.items()}


def _spread(pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
    if len(pairs) <= MOST_PAIRS:
        return pairs
    return tuple(pairs[place * len(pairs) // MOST_PAIRS] for place in range(MOST_PAIRS))


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise InputError(f"{path}: no such file; learn the rules and save them")
    about = read_learned(path, "learn the rules again")
    if about.get("format") != FORMAT:
        found = excerpt(str(about.get("format")))
        raise InputError(f'{path}: expected "{FORMAT}", found {found}; learn again')
    check_shape(about, SHAPE, str(path))
    return about
