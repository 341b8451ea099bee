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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from data.errors import InputError
from data.files import canonical_json, write_whole
from data.tsv import excerpt
from data.words import script_of
from morph.alphabet import BEGIN, END, LANGUAGE, WHOLE, Alphabet, Word
from morph.model_folder import FORMAT, card, check_direction, read_config
from morph.orthography import composed, spelt
from morph.recipe import Architecture

if TYPE_CHECKING:
    from morph.decoding import Written
    from morph.model import InflectionModel


LONGEST = 2.5  # a form has at most so many units for each of the lemma, or as the training data had
SLACK = 20
TOGETHER = 128  # forms that are scored in one batch, of like length
SMALLEST = 1e-12  # a probability; below it is none
TEXT_IN_NFC = "in NFC"  # what a model card says of its text
BIDIRECTIONAL_BEAM = 6  # at least: forms that each direction proposes
SPREAD = 4.0  # nats by which a prefix may be behind the best one of its item
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
        way_back: names of features, if forms are asked for lemmas (`morph.analyse.network`); else
            none.
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
    way_back: tuple[str, ...] = ()

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
        if self.backward is None:
            return (self,)
        return replace(self, backward=None), self.backward

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
        order = sorted(range(len(items)), key=lambda place: (len(items[place][0]), place))
        answers: list[list[Hypothesis]] = [[] for _ in items]
        with torch.inference_mode():
            for start in range(0, len(order), batch_size):
                places = order[start : start + batch_size]
                some = [items[place] for place in places]
                read = [Reading(one, some, language) for one in self.directions]
                found = (
                    rerank(read, beam, n_best)
                    if len(read) > 1
                    else read[0].search(range(len(some)), beam, n_best)
                )
                for place, forms in zip(places, found, strict=True):
                    answers[place] = forms
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

        scores: list[float] = []
        with torch.inference_mode():
            for start in range(0, len(items), batch_size):
                some = items[start : start + batch_size]
                questions = list(dict.fromkeys((lemma, bundle) for lemma, bundle, _ in some))
                place = {question: number for number, question in enumerate(questions)}
                asked = [(place[lemma, bundle], form) for lemma, bundle, form in some]
                by_direction = [
                    Reading(one, questions, language).score(asked) for one in self.directions
                ]
                scores += [sum(each) / len(each) for each in zip(*by_direction, strict=True)]
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
            **({"way_back": self.way_back} if self.way_back else {}),
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
    def load(cls, folder: Path, device: str = "cpu", *, way_back: bool = False) -> Transducer:
        """Read what `save` wrote.

        Args:
            way_back: whether a model is wanted that writes lemmas of forms, or the usual kind.

        Raises:
            InputError: no model in the folder, or one of another program or version; one that
                writes the other kind of word.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from morph.model import InflectionModel

        config = read_config(folder)
        check_direction(folder, config, way_back)
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
            cls.load(folder / BACKWARD, device, way_back=way_back)
            if (folder / BACKWARD).is_dir()
            else None,
            config.get("normalised", config["origin"].get("text") == TEXT_IN_NFC),
            config.get("spellings", {}),
            tuple(config.get("way_back", ())),
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

    def _turned(self, ids: list[int]) -> list[int]:
        return ids[::-1] if self.from_end else ids


class Reading:
    """Items that the networks of one direction have read, once for all that they write and score.

    Args:
        items: (lemma, bundle).

    Raises:
        InputError: as `Transducer.predict`.
    """

    def __init__(
        self, by: Transducer, items: Sequence[tuple[str, str]], language: str | None
    ) -> None:
        from morph.examples import padded

        self._by, self._limit = by, by.alphabet.size - 1
        self._words = [by._read(lemma) for lemma, _ in items]
        self._device = next(by.models[0].parameters()).device
        lemma = padded([by._turned(word.ids) for word in self._words], self._limit)
        names = padded([by._features(bundle, language) for _, bundle in items], None)
        self._memories = [
            model.encode(lemma.to(self._device), names.to(self._device)) for model in by.models
        ]

    def __len__(self) -> int:
        return len(self._words)

    def search(
        self,
        places: Sequence[int],
        beam: int,
        n_best: int,
        least: Sequence[float] | None = None,
        spread: float = math.inf,
    ) -> list[list[Hypothesis]]:
        """The likeliest forms of the items at these places, the best first.

        Args:
            least: log probabilities by place; forms that have not more are not looked for.
            spread: nats by which a prefix may be behind the best one of its item.
        """
        import torch

        from morph.decoding import beam_search, greedy

        if not places:
            return []
        words = [self._words[place] for place in places]
        memories = self._memories
        if len(words) < len(self):
            rows = torch.tensor(list(places), device=self._device)
            memories = [memory.rows(rows) for memory in memories]
        size = max(len(word.ids) for word in words)
        longest = int(max(LONGEST, self._by.ratio) * size) + SLACK
        if beam == 1:
            written = [[one] for one in greedy(self._by.models, memories, longest)]
        else:
            floor = None if least is None else torch.tensor(least, device=self._device)
            written = beam_search(self._by.models, memories, longest, beam, n_best, floor, spread)
        return [
            [self._hypothesis(word, form) for form in forms]
            for word, forms in zip(words, written, strict=True)
        ]

    def score(self, asked: Sequence[tuple[int, str]]) -> list[float]:
        """The log probabilities of forms; minus infinity of one that cannot be written.

        Args:
            asked: places of items, with a form each.
        """
        import torch

        from morph.decoding import likelihood
        from morph.examples import padded

        by = self._by
        words = [self._words[place] for place, _ in asked]
        forms = [
            by.alphabet.encode(by.spelt(form), word.unknown_units)
            for word, (_, form) in zip(words, asked, strict=True)
        ]
        order = sorted(range(len(asked)), key=lambda number: len(forms[number].ids))
        scores = [-math.inf] * len(asked)
        for start in range(0, len(order), TOGETHER):
            some = order[start : start + TOGETHER]
            ids = padded([[BEGIN, *by._turned(forms[n].ids), END] for n in some], self._limit)
            of = torch.tensor([asked[number][0] for number in some], device=self._device)
            totals = likelihood(by.models, self._memories, ids.to(self._device), of).tolist()
            for number, total in zip(some, totals, strict=True):
                if forms[number].unknown_units == words[number].unknown_units:
                    scores[number] = total
        return scores

    def _hypothesis(self, word: Word, form: Written) -> Hypothesis:
        ids = self._by._turned(form.ids)
        return Hypothesis(self._by.alphabet.decode(ids, word.unknown_units), form.score)


Table = dict[str, float]  # log probabilities of an item's forms in one direction


def rerank(read: Sequence[Reading], beam: int, n_best: int) -> list[list[Hypothesis]]:
    """What any direction proposes, in the order of the mean of all directions' scores.

    Liu et al. 2016, Agreement on target-bidirectional neural machine translation. A form is scored
    where that can change the order of the first `n_best`.

    Args:
        read: the same items by each direction. beam, n_best: as in `Transducer.predict`.

    Returns:
        At most `n_best` forms an item; the score is the mean log probability (nats).
    """
    known: list[list[Table]] = [[{} for _ in read] for _ in range(len(read[0]))]
    if n_best == 1:  # where all directions are sure of what one of them writes, that is all
        _propose(read, 0, known, 1, n_best)
        _score(read, known, _likely, n_best)
    for number in range(len(read)):
        _propose(read, number, known, max(beam, BIDIRECTIONAL_BEAM), n_best)
        _score(read, known, _likely, n_best)
    _score(read, known, _open, n_best)  # now that the likely ones have a mean, most are out
    return [
        [Hypothesis(form, score) for form, score in _means(tables)][:n_best] for tables in known
    ]


def _propose(
    read: Sequence[Reading], number: int, known: Sequence[Sequence[Table]], beam: int, n_best: int
) -> None:
    """Put the forms that a direction writes into its tables.

    Where an item has `n_best` means already, another form is better only if each direction gives it
    more than their number times the last of these, as none gives more than 0. So other prefixes are
    not followed, nor is the item if the direction has not so much left beside the forms it scored.
    """
    means = [_means(tables)[:n_best] for tables in known]
    floors = [len(read) * some[-1][1] if len(some) == n_best else -math.inf for some in means]
    places = [
        place
        for place, (tables, floor) in enumerate(zip(known, floors, strict=True))
        if math.log(_left(tables[number])) > floor
    ]
    least = [floors[place] for place in places]
    spread = SPREAD if n_best == 1 else math.inf
    found = read[number].search(places, beam, beam, least, spread)
    for place, hypotheses in zip(places, found, strict=True):
        for form, score in reversed(hypotheses):  # one may be written in two ways: the likelier
            known[place][number][form] = score


def _left(table: Table) -> float:
    """The probability that is left for forms which a table lacks."""
    return max(SMALLEST, 1 - sum(map(math.exp, table.values())))


def _score(
    read: Sequence[Reading],
    known: Sequence[Sequence[Table]],
    chosen: Callable[[Sequence[Table], int], list[str]],
    n_best: int,
) -> None:
    """Let each direction score the chosen forms that it has not scored."""
    asked = [(at, form) for at, tables in enumerate(known) for form in chosen(tables, n_best)]
    for number, one in enumerate(read):
        unknown = [(at, form) for at, form in asked if form not in known[at][number]]
        for (at, form), score in zip(unknown, one.score(unknown), strict=True):
            known[at][number][form] = score


def _likely(tables: Sequence[Table], n_best: int) -> list[str]:
    """The first forms of each direction."""
    return [form for table in tables for form in sorted(table, key=lambda f: -table[f])[:n_best]]


def _open(tables: Sequence[Table], n_best: int) -> list[str]:
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


def _means(tables: Sequence[Table]) -> list[tuple[str, float]]:
    """The forms that every direction has scored, with their means, the best first."""
    first, *others = tables
    shared = [form for form in first if all(form in table for table in others)]
    means = [(form, sum(table[form] for table in tables) / len(tables)) for form in shared]
    return sorted(means, key=lambda pair: -pair[1])
