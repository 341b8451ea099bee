"""A trained model, ready to use: `Transducer.load(folder).predict`.

    transducer = Transducer.load(Path("runs/morph-swa-1f0c/model"))
    transducer.predict([("soma", "V;PST;NOM(3,SG)")], beam=4, n_best=2)

The folder holds config.json (languages, alphabet, architecture, where it comes from), the weights
of each network (model-1.safetensors ...), and README.md, the model's card. Several networks (an
ensemble) write together.

A network is surest of what it writes first, and an error there is never taken back. So where
examples are few, networks that write from the end stand beside those that write from the beginning:
each direction proposes forms, and both score those that may be the best.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from data.errors import InputError
from data.files import canonical_json, write_whole
from data.tsv import excerpt
from data.words import script_of
from morph.alphabet import BEGIN, END, LANGUAGE, WHOLE, Alphabet, Word
from morph.model_folder import FORMAT, card, read_config
from morph.orthography import composed, spelt
from morph.recipe import Architecture

if TYPE_CHECKING:
    from morph.decoding import Written
    from morph.model import InflectionModel


LONGEST = 2.5  # a form has at most so many units for each of the lemma, or as the training data had
SLACK = 20
TEXT_IN_NFC = "in NFC"  # what a model card says of its text
BIDIRECTIONAL_BEAM = 6  # at least: forms that each direction proposes
BACKWARD = "backward"  # the folder of those networks in a model's


class Hypothesis(NamedTuple):
    """A form, and the natural logarithm of its probability given lemma and features."""

    form: str
    score: float


@dataclass(frozen=True)
class Transducer:
    """Networks with the alphabet that they read and write.

    Args:
        languages: codes; several where the networks were trained jointly.
        models: of one architecture, on one device.
        ratio: the most units that a form of the training data had for each of its lemma.
        scripts: ISO 15924 codes of the training data.
        origin: what a model card says: data, settings, versions.
        from_end: the networks read and write words from the end.
        backward: networks that do; then the forms of both directions are ranked again (`rerank`).
        normalised: the training data were in NFC, so that every question is brought to it.
        spellings: else, how letters in NFC are spelt in the training data (`morph.orthography`).
    """

    languages: tuple[str, ...]
    alphabet: Alphabet
    models: tuple[InflectionModel, ...]
    scripts: frozenset[str]
    ratio: float = LONGEST
    origin: Mapping[str, Any] = field(default_factory=dict)
    from_end: bool = False
    backward: Transducer | None = None
    normalised: bool = False
    spellings: Mapping[str, str] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """The first language."""
        return self.languages[0]

    @property
    def features(self) -> frozenset[str]:
        """Every name of a feature that the training data have."""
        names = (name.rpartition("/")[2] for name in self.alphabet.features)
        return frozenset(name for name in names if name[:1] not in (WHOLE, LANGUAGE))

    @property
    def characters(self) -> frozenset[str]:
        """The units of the training data."""
        return frozenset(self.alphabet.units)

    @property
    def directions(self) -> tuple[Transducer, ...]:
        """The networks that begin at the beginning, alone; then those that begin at the end."""
        return (replace(self, backward=None), *filter(None, [self.backward]))

    def in_language(self, code: str) -> Transducer:
        """The same networks, of which this one of their languages is asked by default."""
        others = (other for other in self.languages if other != code)
        backward = self.backward and self.backward.in_language(code)
        return replace(self, languages=(code, *others), backward=backward)

    def predict(
        self,
        items: Sequence[tuple[str, str]],
        *,
        beam: int = 1,
        n_best: int = 1,
        batch_size: int = 256,
        language: str | None = None,
    ) -> list[list[Hypothesis]]:
        """The likeliest forms of lemmas with feature bundles, the best first.

        Args:
            items: (lemma, bundle).
            beam: prefixes that are followed at a time; 1 is greedy, or 6 in two directions.
            n_best: forms an item, at most `beam`.
            language: which of several; by default the first.

        Raises:
            InputError: an empty lemma, one in a script that the training data lack, an unknown
                feature, `n_best` above `beam`, a language that the model was not trained on.
        """
        import torch

        if not 1 <= n_best <= beam:
            raise InputError(f"n_best: expected 1 to {beam} (the beam), found {n_best}")
        if self.backward is not None:
            return rerank(self.directions, items, beam, n_best, batch_size, language)
        words = [self._read(lemma) for lemma, _ in items]
        features = [self._features(bundle, language) for _, bundle in items]
        order = sorted(range(len(items)), key=lambda place: (len(words[place].ids), place))
        answers: list[list[Hypothesis]] = [[] for _ in items]
        with torch.inference_mode():
            for start in range(0, len(order), batch_size):
                places = order[start : start + batch_size]
                chosen = [words[place] for place in places]
                written = self._write(chosen, [features[p] for p in places], beam, n_best)
                for place, word, forms in zip(places, chosen, written, strict=True):
                    answers[place] = list(self._hypotheses(word, forms))
        return answers

    def score(
        self,
        items: Sequence[tuple[str, str, str]],
        *,
        batch_size: int = 256,
        language: str | None = None,
    ) -> list[float]:
        """The log probability of given forms, as `predict` would score them.

        Args:
            items: (lemma, bundle, form).

        Returns:
            A number an item; minus infinity where the model cannot write the form, which holds a
            character that neither the training data nor the lemma has.
        """
        import torch

        if self.backward is not None:
            return mean_score(self.directions, items, batch_size, language)
        scores: list[float] = []
        with torch.inference_mode():
            for start in range(0, len(items), batch_size):
                scores += self._score(items[start : start + batch_size], language)
        return scores

    def refusal(self, lemma: str, bundle: str, language: str | None = None) -> InputError | None:
        """Why `predict` would refuse an item; None where it would not."""
        try:
            self._read(lemma)
            self._features(bundle, language)
        except InputError as error:
            return error
        return None

    def save(self, folder: Path) -> None:
        """Write config.json, the weights and README.md."""
        from safetensors.torch import save

        folder.mkdir(parents=True, exist_ok=True)
        files = [f"model-{place}.safetensors" for place, _ in enumerate(self.models, 1)]
        config = {
            "format": FORMAT,
            "languages": self.languages,
            "scripts": sorted(self.scripts),
            "ratio": self.ratio,
            "alphabet": self.alphabet.to_json(),
            "architecture": self.models[0].architecture.to_json(),
            "weights": files,
            "origin": dict(self.origin),
            "normalised": self.normalised,
            **({"from_end": True} if self.from_end else {}),
            **({"spellings": dict(self.spellings)} if self.spellings else {}),
        }
        for name, model in zip(files, self.models, strict=True):
            weights = {key: value.contiguous() for key, value in model.state_dict().items()}
            write_whole(folder / name, save(weights))
        if self.backward is not None:
            self.backward.save(folder / BACKWARD)
        write_whole(folder / "README.md", card(config))
        write_whole(folder / "config.json", canonical_json(config))

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Transducer:
        """Read what `save` wrote.

        Raises:
            InputError: no model in the folder, or one of another program or version.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from morph.model import InflectionModel

        config = read_config(folder)
        architecture = Architecture.from_json(config["architecture"])
        models = []
        for name in config["weights"]:
            model = InflectionModel(architecture)
            try:
                model.load_state_dict(load_file(folder / name))
            except (RuntimeError, SafetensorError) as error:
                raise InputError(
                    f"{folder / name}: expected the weights that config.json describes, found"
                    f" {excerpt(str(error))}; fetch the whole folder, or train it again"
                ) from error
            models.append(model.to(device).eval())
        return cls(
            tuple(config["languages"]),
            Alphabet.from_json(config["alphabet"]),
            tuple(models),
            frozenset(config["scripts"]),
            config["ratio"],
            config["origin"],
            config.get("from_end", False),
            cls.load(folder / BACKWARD, device) if (folder / BACKWARD).is_dir() else None,
            config.get("normalised", config["origin"].get("text") == TEXT_IN_NFC),
            config.get("spellings", {}),
        )

    def spelt(self, text: str) -> str:
        """A text as the training data spell it."""
        return composed(text) if self.normalised else spelt(text, self.spellings)

    def _read(self, lemma: str) -> Word:
        lemma = self.spelt(lemma)
        if not lemma:
            raise InputError("lemma: expected text, found none; give the word's citation form")
        script = script_of(lemma)
        if script is not None and script not in self.scripts:
            known = ", ".join(sorted(self.scripts))
            raise InputError(
                f"lemma {excerpt(lemma)}: expected the script of the training data ({known}), "
                f"found {script}; this model is of {', '.join(self.languages)}"
            )
        return self.alphabet.encode(lemma)

    def _features(self, bundle: str, language: str | None) -> list[int]:
        if language is not None and language not in self.languages:
            known = ", ".join(self.languages)
            raise InputError(f"language: expected one of {known}, found {language!r}")
        tag = self.alphabet.encode_language(language or self.language)
        return [*tag, *self.alphabet.encode_features(bundle)]

    def _write(
        self, words: Sequence[Word], features: Sequence[Sequence[int]], beam: int, n_best: int
    ) -> list[list[Written]]:
        from morph.decoding import beam_search, greedy
        from morph.examples import padded

        device = next(self.models[0].parameters()).device
        lemma = padded([self._turned(w.ids) for w in words], self.alphabet.size - 1).to(device)
        names = padded(features, None).to(device)
        longest = int(max(LONGEST, self.ratio) * lemma.shape[1]) + SLACK
        if beam == 1:
            return [[one] for one in greedy(self.models, lemma, names, longest)]
        return beam_search(self.models, lemma, names, longest, beam, n_best)

    def _score(
        self, items: Sequence[tuple[str, str, str]], language: str | None
    ) -> Iterator[float]:
        import torch

        from morph.decoding import likelihood
        from morph.examples import padded

        device = next(self.models[0].parameters()).device
        limit = self.alphabet.size - 1
        questions = list(dict.fromkeys((lemma, bundle) for lemma, bundle, _ in items))
        place = {question: number for number, question in enumerate(questions)}
        read = [self._read(lemma) for lemma, _ in questions]
        of = [place[lemma, bundle] for lemma, bundle, _ in items]
        words = [read[number] for number in of]
        forms = [
            self.alphabet.encode(self.spelt(form), word.unknown_units)
            for word, (_, _, form) in zip(words, items, strict=True)
        ]
        totals = likelihood(
            self.models,
            padded([self._turned(word.ids) for word in read], limit).to(device),
            padded([self._features(bundle, language) for _, bundle in questions], None).to(device),
            padded([[BEGIN, *self._turned(form.ids), END] for form in forms], limit).to(device),
            torch.tensor(of, device=device),
        )
        for word, form, total in zip(words, forms, totals.tolist(), strict=True):
            yield total if form.unknown_units == word.unknown_units else -math.inf

    def _hypotheses(self, word: Word, forms: Sequence[Written]) -> Iterator[Hypothesis]:
        for form in forms:
            text = self.alphabet.decode(self._turned(form.ids), word.unknown_units)
            yield Hypothesis(text, form.score)

    def _turned(self, ids: list[int]) -> list[int]:
        return ids[::-1] if self.from_end else ids


def rerank(
    directions: Sequence[Transducer],
    items: Sequence[tuple[str, str]],
    beam: int,
    n_best: int,
    batch_size: int,
    language: str | None,
) -> list[list[Hypothesis]]:
    """What any direction proposes, in the order of the mean of all directions' scores.

    Liu et al. 2016, Agreement on target-bidirectional neural machine translation. A
    form is scored where that can change the order of the first `n_best`.

    Args: as `Transducer.predict` has them.

    Returns:
        At most `n_best` forms an item; the score is the mean log probability (nats).
    """
    settings: dict[str, Any] = {"batch_size": batch_size, "language": language}
    width = max(beam, BIDIRECTIONAL_BEAM)
    lists = [one.predict(items, beam=width, n_best=width, **settings) for one in directions]
    known = [  # a form may be written in two ways: the likelier counts
        [{one.form: one.score for one in reversed(hypotheses)} for hypotheses in proposed]
        for proposed in zip(*lists, strict=True)
    ]
    for some in (_likely, _open):  # once the likely ones have a mean, most others are out
        asked = [(at, form) for at, tables in enumerate(known) for form in some(tables, n_best)]
        for number, one in enumerate(directions):
            unknown = [(at, form) for at, form in asked if form not in known[at][number]]
            scores = one.score([(*items[at], form) for at, form in unknown], **settings)
            for (at, form), score in zip(unknown, scores, strict=True):
                known[at][number][form] = score
    return [
        [Hypothesis(form, score) for form, score in _means(tables)][:n_best] for tables in known
    ]


def _likely(tables: Sequence[Mapping[str, float]], n_best: int) -> list[str]:
    """The first forms of each direction."""
    return [form for table in tables for form in sorted(table, key=lambda f: -table[f])[:n_best]]


def _open(tables: Sequence[Mapping[str, float]], n_best: int) -> list[str]:
    """The forms that may be among the best, but that not every direction has scored yet.

    Args:
        tables: the log probabilities of an item's forms, by direction. None is above 0, so what
            one of them gives bounds the mean.
    """
    found = [score for _, score in _means(tables)][:n_best]
    least = found[-1] if len(found) == n_best else -math.inf
    return [
        form
        for form in dict.fromkeys(form for table in tables for form in table)
        if not all(form in table for table in tables)
        and sum(table.get(form, 0.0) for table in tables) / len(tables) >= least
    ]


def _means(tables: Sequence[Mapping[str, float]]) -> list[tuple[str, float]]:
    """The forms that every direction has scored, with their means, the best first."""
    first, *others = tables
    shared = [form for form in first if all(form in table for table in others)]
    means = [(form, sum(table[form] for table in tables) / len(tables)) for form in shared]
    return sorted(means, key=lambda pair: -pair[1])


def mean_score(
    directions: Sequence[Transducer],
    items: Sequence[tuple[str, str, str]],
    batch_size: int,
    language: str | None,
) -> list[float]:
    """The mean of the directions' log probabilities of given forms, a number an item."""
    scores = [one.score(items, batch_size=batch_size, language=language) for one in directions]
    return [sum(some) / len(directions) for some in zip(*scores, strict=True)]
