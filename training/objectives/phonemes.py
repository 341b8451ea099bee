"""How words are said, as an objective: phonemes of `epitran`, features of `panphon`.

    speech = Speech.of(resolve("sw"))
    speech.features("mwalimu")      # (72,): first sound, last sound, share of the sounds

A word's transcription (Mortensen et al. 2018, https://aclanthology.org/L18-1429) is a string of
segments, and each segment has 24 articulatory features, + (1), - (0) or neither (0.5): voiced,
nasal, round and so on (Mortensen et al. 2016, https://aclanthology.org/C16-1328). Predicted at the
first piece of each word are the features of its first segment, those of its last, and for each
feature the mean over all segments. So b and p share all but one, in whatever script: what Adams et
al. (2019, https://aclanthology.org/N19-1009) predict as symbols is predicted here by what sounds
have in common. Tone is in no transcription.

Both packages are the extra `phonemes` (MIT). English needs the program `lex_lookup` of Flite.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from data.errors import InputError
from data.languages import Language, resolve
from models.library import missing_package
from training.objectives.auxiliary import Outcome, Setting
from training.objectives.heads import Quick
from training.objectives.masking import word_numbers

if TYPE_CHECKING:
    from training.objectives.examples import Ids, Special

FEATURES = 24  # of a segment
TARGETS = 3 * FEATURES
NEAREST = 5  # languages that a refusal names
ENGLISH = "eng-Latn"
Values = NDArray[np.float32]


def maps() -> list[str]:
    """The languages that epitran transcribes on this machine, as `swa-Latn`, without variants.

    Raises:
        UnavailableError: epitran is not installed.
    """
    try:
        folder = resources.files("epitran") / "data" / "map"
    except ImportError as error:
        raise missing_package(_named(error, "epitran"), "phonemes") from error
    stems = {entry.name.removesuffix(".csv") for entry in folder.iterdir()}
    found = {stem for stem in stems if len(stem) == 8 and stem[3] == "-" and stem[4].isupper()}
    return sorted(found | ({ENGLISH} if shutil.which("lex_lookup") else set()))


def map_of(language: Language) -> str:
    """The map of a language in its script.

    >>> map_of(resolve("swh")), map_of(resolve("am"))  # doctest: +SKIP
    ('swa-Latn', 'amh-Ethi')

    Raises:
        InputError: it has none; the message names the nearest languages that have.
        UnavailableError: epitran is not installed.
    """
    known = maps()
    match = language.closest(known)
    if match and match.same_script and match.relation != "member":
        return match.code
    flite = "; English needs lex_lookup of Flite on the PATH" if language.bcp47 == "en" else ""
    raise InputError(
        f"--auxiliary phonemes: no transcription of {language.name} ({language.bcp47}); nearest of"
        f" the {len(known)} that there are: {', '.join(nearest(language, known))}{flite}; leave its"
        " corpus out"
    )


def nearest(language: Language, known: Sequence[str]) -> list[str]:
    """The maps of languages in the same script that its readers know best, as CLDR has it."""
    from langcodes import tag_distance

    def distance(code: str) -> tuple[bool, int, str]:
        other = resolve(code)
        return other.script != language.script, tag_distance(language.bcp47, other.bcp47), code

    return sorted(known, key=distance)[:NEAREST]


@dataclass(frozen=True)
class Speech:
    """How a language's words are said.

    Attributes:
        code: of epitran's map.
    """

    code: str
    _said: dict[str, Values | None] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, language: Language) -> Speech:
        """That of a language; see `map_of` for what is raised."""
        return cls(map_of(language))

    def segments(self, word: str) -> list[str]:
        """The segments of a word, those that panphon knows.

        >>> Speech.of(resolve("zu")).segments("ngiyabonga")[:4]  # doctest: +SKIP
        ['ŋ', 'i', 'j', 'a']
        """
        found: list[str] = self._table.ipa_segs(self._transcriber.transliterate(word))
        return found

    def features(self, word: str) -> Values | None:
        """What is to be predicted of a word, (72,) from 0 to 1; None where nothing is said."""
        if word not in self._said:
            self._said[word] = self._features(word)
        return self._said[word]

    def _features(self, word: str) -> Values | None:
        segments = self.segments(word)
        rows = [self._table.fts(one).numeric() for one in segments]
        if not rows:
            return None
        values = (np.array(rows, dtype=np.float32)[:, :FEATURES] + 1) / 2
        found: Values = np.concatenate([values[0], values[-1], values.mean(axis=0)])
        return found

    @property
    def _table(self) -> Any:
        return self._transcriber.ft

    @cached_property
    def _transcriber(self) -> Any:
        return _transcriber(self.code)


@lru_cache(maxsize=32)
def _transcriber(code: str) -> Any:
    """epitran's, which takes seconds to make."""
    try:
        import panphon.featuretable
        from epitran.flite import FliteLexLookup
        from epitran.simple import SimpleEpitran
    except ImportError as error:
        raise missing_package(error, "phonemes") from error
    made = FliteLexLookup() if code == ENGLISH else SimpleEpitran(code)
    if not hasattr(made, "ft"):
        made.ft = panphon.featuretable.FeatureTable()
    return made


def _named(error: ImportError, name: str) -> ImportError:
    error.name = error.name or name
    return error


class PhonemeHead(nn.Module):
    """Predicts at the first piece of each word how the word is said."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        if setting.special is None:
            raise InputError("--auxiliary phonemes: expected a tokenizer, found none")
        by_name: Mapping[str, Speech] = {
            name: Speech.of(resolve(name)) for name in dict.fromkeys(setting.languages)
        }
        self._speech = [by_name[name] for name in setting.languages]
        self._special = setting.special
        self.layer = Quick(setting.width, TARGETS, setting.quickness)

    def forward(self, states: Tensor, batch: Mapping[str, Tensor]) -> Outcome:
        """Cross entropy in nats, the mean over the 72 figures, a word each.

        Right is a word of whose first and last segments every feature that is + or - is told.
        """
        rows, places, targets = self._targets(batch)
        scores = self.layer(states[rows, places]).float()
        losses = functional.binary_cross_entropy_with_logits(scores, targets, reduction="none")
        ends = slice(0, 2 * FEATURES)
        agree = ((scores > 0) == (targets > 0.5)) | (targets == 0.5)
        right = agree[:, ends].all(dim=1).sum()
        return Outcome(losses.mean(dim=1).sum(), torch.tensor(len(targets)).to(right), right)

    def _targets(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Rows and places of the words' first pieces, (N,) each, and what is predicted, (N, 72)."""
        rows, places, values = [], [], []
        numbers, masks = batch["input_ids"].cpu().numpy(), batch["attention_mask"].cpu().numpy()
        for row, (ids, mask, corpus) in enumerate(
            zip(numbers, masks, batch["corpus"].tolist(), strict=True)
        ):
            for place, word in words_of(ids[mask > 0], self._special):
                said = self._speech[corpus].features(word)
                if said is not None:
                    rows.append(row)
                    places.append(place)
                    values.append(said)
        device = batch["input_ids"].device
        targets = np.array(values, dtype=np.float32).reshape(-1, TARGETS)
        return (
            torch.tensor(rows, dtype=torch.long, device=device),
            torch.tensor(places, dtype=torch.long, device=device),
            torch.from_numpy(targets).to(device),
        )


def words_of(ids: Ids, special: Special) -> list[tuple[int, str]]:
    """The words of a document with the place of their first piece; no numbers, no punctuation.

    >>> from training.objectives.examples import Special
    >>> pieces = (b"<pad>", b" ki", b"tabu", b".", b" cha")
    >>> words_of(np.array([1, 2, 3, 4]), Special(size=5, written=pieces))
    [(0, 'kitabu'), (3, 'cha')]
    """
    words = word_numbers(ids, special)
    starts = np.flatnonzero(np.diff(words, prepend=-1))
    found = []
    for start, end in zip(starts, [*starts[1:], len(ids)], strict=True):
        if special.is_special[ids[start]]:
            continue
        written = b"".join(special.written[one] for one in ids[start:end])
        word = written.decode(errors="replace").strip()
        if any(character.isalpha() for character in word):
            found.append((int(start), word))
    return found
