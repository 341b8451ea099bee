"""What is trained on what, how, and how large: records without torch.

    TrainingConfig(("swa",), Recipe(seconds=600, networks=3))

docs/LOG.md has what the defaults were compared with; the shared task's bench takes three networks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from data.errors import InputError
from data.options import check, common, option
from data.unimorph import Triple
from morph.alphabet import Alphabet
from morph.augmentation import completed, hallucinate
from morph.graphemes import SCHEMES
from training.private.options import (
    SENTENCE,
    Privacy,
    privacy_of,
    private_option,
    private_settings,
    refuse_with_privacy,
)
from training.settings import Clock, Settings, seconds_of

FEW, INVENTED = 2000, 8000  # triples
FEW_LEMMAS, SOME = 500, 1000  # many forms of few lemmas teach endings, and do not teach copying
DEFAULT_BUDGET = 600.0  # seconds
USUAL: dict[str, Any] = {"width": 128, "inner": 512, "batch": 32, "learning_rate": 4e-3}
OF_FEW: dict[str, Any] = {"width": 64, "inner": 256, "batch": 64, "learning_rate": 8e-3}  # triples
FEATURE_MODES = ("both", "attended", "added")
OF_TRIPLES = "inflection tables have triples alone, each is protected; leave it out"
NOT_PRIVATE = {
    "--networks": "each would spend as much again; leave it out",
    "--backward": "it would spend as much again; leave it out",
    "--hallucinate": "an invented triple is made of several real ones; leave it out",
}
WHAT, HOW = "data", "network and training"  # groups of options

Features = Literal["both", "attended", "added"]


@dataclass(frozen=True, slots=True)
class Architecture:
    """The size of a network.

    >>> Architecture(units=40, names=9).width
    128

    Args:
        units: ids that the alphabet tells apart, V. names: names of features.
        width: D, a multiple of twice the heads. inner: of the feed-forward layers.
        features: `attended` by the form, `added` to each letter of the lemma, or `both`.
        dropout: share of the width that is silenced, the same along a word.
    """

    units: int
    names: int
    width: int = 128
    heads: int = 4
    inner: int = 512
    encoder_layers: int = 2
    decoder_layers: int = 2
    dropout: float = 0.1
    features: Features = "both"

    def __post_init__(self) -> None:
        if self.features not in FEATURE_MODES:
            choices = ", ".join(FEATURE_MODES)
            raise InputError(f"features: expected {choices}, found {self.features!r}")
        if self.width % (2 * self.heads):
            raise InputError(
                f"width: expected a multiple of twice the heads ({self.heads}), found {self.width}"
            )

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Architecture:
        """What `to_json` gave."""
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What training takes, besides the examples.

    Args:
        steps: updates of each network. seconds: for all networks together. One of them or both;
            without either ten minutes.
        clock: of the seconds, the wall's or the process's own ("cpu", for a shared machine).
        networks: trained one after the other with seeds of their own; they answer together.
        seed: of the first network.
        batch: examples an update.
        scheme: units of writing, `parts` or `characters` (`morph.graphemes`).
        temperature: of sampling among languages, where there are several.
        hallucinated: invented triples a language (`morph.augmentation`), beside which the real ones
            are repeated until they are as many. None: 8,000 where there are fewer than 2,000 real
            ones, 1,000 where these are of fewer than 500 lemmas, else none. 0: none, and no empty
            cells filled where there are fewer than 2,000.
        backward: whether as many networks again read and write from the end, in the same time
            (`morph.transducer`). None: where there are fewer than 2,000 triples.
        width, inner, batch, learning_rate: None of any: that of OF_FEW where there are fewer than
            2,000 triples, which a minute teaches a smaller network better; else that of USUAL.
        others: as in `training.loop.Settings` and `Architecture`.
    """

    steps: int | None = option(
        None, "updates of each network, instead of a time budget", group=HOW, least=1
    )
    seconds: float | None = option(
        None,
        "for all networks: 10m (default), 90s, 1h",
        flag="--time-budget",
        metavar="TIME",
        group=HOW,
        parse=seconds_of,
    )
    clock: Clock = option("wall", "cpu: processor time", group=HOW, choices=("wall", "cpu"))
    networks: int = option(1, "that answer together", group=HOW, least=1)
    seed: int = common("--seed", group=HOW)
    batch: int | None = option(
        None,
        "examples an update (default: 32; of few triples 64)",
        flag="--batch-size",
        group=HOW,
        least=1,
    )
    scheme: str = option(
        "parts", "units of writing", flag="--graphemes", group=HOW, choices=SCHEMES
    )
    temperature: float = option(2.0, "of several languages", group=HOW)
    hallucinated: int | None = option(
        None,
        "invented triples (default: if there are few)",
        flag="--hallucinate",
        metavar="N",
        group=HOW,
        least=0,
    )
    backward: bool | None = option(
        None,
        "as many networks again that write from the end (default: if there are few triples)",
        group=HOW,
    )
    learning_rate: float | None = option(
        None, "at its highest (default: 0.004; of few triples 0.008)", group=HOW
    )
    weight_decay: float = 0.01
    optimizer: str = "muon"
    average: float = 0.0
    width: int | None = option(
        None, "of the network (default: 128; of few triples 64)", group=HOW, least=1
    )
    heads: int = 4
    inner: int | None = None
    encoder_layers: int = 2
    decoder_layers: int = 2
    dropout: float = option(0.1, "0 to below 1", group=HOW)
    features: Features = option("both", "how they come in", group=HOW, choices=FEATURE_MODES)
    dp_epsilon: float | None = private_option("dp_epsilon")
    dp_delta: float = private_option("dp_delta")
    dp_clip: str = private_option("dp_clip")
    dp_unit: str = private_option("dp_unit")
    dp_units: Path | None = private_option("dp_units")
    dp_batch: int = private_option("dp_batch")
    dp_most: int = private_option("dp_most")
    dp_accountant: str = private_option("dp_accountant")
    dp_secure: bool = private_option("dp_secure")

    def __post_init__(self) -> None:
        check(self)
        if self.privacy:
            self._refuse_with_privacy()
            object.__setattr__(self, "hallucinated", 0)
            object.__setattr__(self, "backward", False)
        if self.steps is None and self.seconds is None:
            object.__setattr__(self, "seconds", DEFAULT_BUDGET)
        self.settings(0, "cpu")  # these two check the rest
        self.architecture(Alphabet((), ()))

    def settled(self, triples: int) -> Recipe:
        """The recipe with its defaults for so many triples, of the language that has fewest.

        >>> [Recipe().settled(500).width, Recipe().settled(2000).width, Recipe(width=32).width]
        [64, 128, 32]
        """
        usual = OF_FEW if triples < FEW and not self.privacy else USUAL
        return replace(self, **{k: v for k, v in usual.items() if getattr(self, k) is None})

    @property
    def privacy(self) -> Privacy | None:
        """The guarantee that is asked for, or None; its sentences are triples."""
        return privacy_of(self)

    def _refuse_with_privacy(self) -> None:
        if self.steps is None:
            raise InputError("--dp-epsilon needs --steps N: the noise hangs on their number")
        given = {
            "--time-budget": self.seconds is not None,
            f"--dp-unit {self.dp_unit}": self.dp_unit != SENTENCE,
            "--networks": self.networks > 1,
            "--backward": bool(self.backward),
            "--hallucinate": bool(self.hallucinated),
        }
        refuse_with_privacy(given, NOT_PRIVATE | {f"--dp-unit {self.dp_unit}": OF_TRIPLES})

    def settings(self, network: int, device: str, directions: int = 1) -> Settings:
        """How the loop trains a network, the first one is 0, in so many directions.

        Where nobody has settled the recipe, it is one for many triples.
        """
        settings = self._settings(network, device, directions)
        return private_settings(settings) if self.privacy else settings

    def _settings(self, network: int, device: str, directions: int) -> Settings:
        return Settings(
            steps=self.steps,
            seconds=self.seconds and self.seconds / (self.networks * directions),
            clock=self.clock,
            learning_rate=self.learning_rate or USUAL["learning_rate"],
            schedule="linear",
            optimizer=self.optimizer,  # type: ignore[arg-type]  # checked by Settings
            betas=(0.9, 0.98),
            weight_decay=self.weight_decay,
            average=self.average,
            device=device,
            seed=self.seed + network,
        )

    def architecture(self, alphabet: Alphabet) -> Architecture:
        """The networks' size for an alphabet; of a recipe that nobody settled, for many triples."""
        return Architecture(
            alphabet.size,
            len(alphabet.features),
            self.width or USUAL["width"],
            self.heads,
            self.inner or USUAL["inner"],
            self.encoder_layers,
            self.decoder_layers,
            self.dropout,
            self.features,
        )

    def directions(self, triples: int) -> int:
        """2 where networks are trained from both ends of words, else 1.

        Args:
            triples: of the language that has fewest.
        """
        return 1 + (triples < FEW if self.backward is None else self.backward)

    def augmented(self, triples: Sequence[Triple]) -> list[Triple]:
        """Real triples, and invented ones beside them if the recipe says so.

        Of few triples, those of empty cells (`morph.augmentation`) count as real.
        """
        wanted = self._wanted(triples) if self.hallucinated is None else self.hallucinated
        if wanted and len(triples) < FEW:
            triples = [*triples, *completed(triples)]
        invented = hallucinate(triples, wanted, self.seed, self.scheme) if wanted else []
        return [*triples] * max(1, len(invented) // len(triples)) + invented

    def _wanted(self, triples: Sequence[Triple]) -> int:
        if len(triples) < FEW:
            return INVENTED
        return SOME if len({triple.lemma for triple in triples}) < FEW_LEMMAS else 0

    def to_json(self) -> dict[str, Any]:
        """All fields; those of private training where it is asked for."""
        fields = asdict(self)
        if self.privacy is None:
            fields = {name: value for name, value in fields.items() if name[:3] != "dp_"}
        return fields


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What is trained on what.

    Args:
        units: languages, `morph.corpora.load_data`'s; several are trained jointly. recipe: how.
        source, train, dev, columns: where the triples come from, as in `load_data`.
        examples: how many triples a language, drawn by the seed; by default all. start: the folder
            of a model that training goes on from (fine-tuning). skip_bad: leave bad lines out.
        way_back: the networks write the lemma and the bundle of a form (`morph.analyse.network`).
    """

    units: tuple[str, ...] = common(
        "--lang",
        (),
        help="language, or several with commas (trained jointly)",
        metavar="LANG",
        group=WHAT,
        separator=",",
        required=True,
    )
    recipe: Recipe = field(default_factory=Recipe)
    source: str | None = option(
        None, "sigmorphon2023 (default), unimorph, or package: its folder", group=WHAT
    )
    train: Path | None = option(
        None, "triples to train on, instead of a data set", metavar="FILE", group=WHAT
    )
    dev: Path | None = option(
        None, "triples to try it on (default: held-out lemmas)", metavar="FILE", group=WHAT
    )
    columns: tuple[str, ...] | None = option(
        None,
        "of the files: lemma,form,features (default: found out, and printed)",
        metavar="A,B,C",
        group=WHAT,
        separator=",",
    )
    examples: int | None = option(None, "train on N triples drawn by seed", metavar="N", group=WHAT)
    start: Path | None = option(
        None, "a model to go on from", flag="--from", metavar="FOLDER", group=WHAT
    )
    skip_bad: bool = option(
        False, "leave out bad lines of the files, counted", group=WHAT, identity=False
    )
    way_back: bool = option(
        False, "from the form to lemma and features, for morph.analyse", group=WHAT
    )

    def __post_init__(self) -> None:
        check(self)
        if len(self.units) > 1 and self.train is not None:
            raise InputError("train: expected one language beside a file, found several; drop some")
        if len(set(self.units)) < len(self.units) or not all(map(str.strip, self.units)):
            raise InputError(
                f"lang: expected each language once, found {','.join(self.units)}; drop some"
            )

    def to_json(self) -> dict[str, Any]:
        """All fields; files by their names; the way back where it is asked for."""
        values = {name: value for name, value in asdict(self).items() if name != "skip_bad"}
        if not self.way_back:
            del values["way_back"]
        values["recipe"] = self.recipe.to_json()
        return {k: v.name if isinstance(v, Path) else v for k, v in values.items()}


def run_name(way_back: bool) -> str:
    """What the names of run folders of either kind begin with."""
    return "analyse" if way_back else "morph"
