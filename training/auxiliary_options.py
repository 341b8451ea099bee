"""The options of every command that trains an encoder with auxiliary objectives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.errors import InputError
from data.options import option
from training.private.options import PrivateOptions, refuse_with_privacy

AUXILIARY = "auxiliary objectives"  # the heading in the help


@dataclass(frozen=True, slots=True, kw_only=True)
class AuxiliaryOptions(PrivateOptions):
    """Options of every command that trains an encoder with auxiliary objectives."""

    auxiliary: str | None = option(
        None,
        "beside the objective: adversarial, cooperative, means, fisher, phonemes; with --pairs"
        " contrastive, distillation; several with weights: adversarial:0.1,contrastive:1",
        metavar="MIX",
        group=AUXILIARY,
    )
    pairs: tuple[str, ...] = option(
        (),
        "translations: FILE.tsv, FILE.tmx, FILE,FILE, a folder of lexaug.synthesize --mode"
        " parallel, NAME[:SPLIT]:LANGUAGE; once for each",
        metavar="NAME",
        repeated=True,
        group=AUXILIARY,
    )
    pairs_a_batch: int = option(
        32, "in each of which all others are wrong", least=2, group=AUXILIARY
    )
    contrast: float = option(0.05, "temperature of the contrastive loss", group=AUXILIARY)
    ramp: int = option(
        100, "updates until adversarial has its full strength", least=1, group=AUXILIARY
    )
    freeze: int | None = option(
        None,
        "the embeddings and the first N layers stay as they are",
        metavar="N",
        least=0,
        group=AUXILIARY,
    )

    @property
    def weights(self) -> Mapping[str, float]:
        """The auxiliary objectives with their weights."""
        from training.objectives.auxiliary import parse_auxiliary

        return parse_auxiliary(self.auxiliary)

    def reads(self, kind: str) -> bool:
        """Whether one of them takes such batches: "texts" or "pairs"."""
        from training.objectives.auxiliary import auxiliary

        return any(auxiliary(name).reads == kind for name in self.weights)

    @property
    def has_goals(self) -> bool:
        """Whether one of them asks for the vectors that the model had before."""
        from training.objectives.auxiliary import auxiliary

        return any(auxiliary(name).goals for name in self.weights)

    def check_auxiliary(self, *, pretrained: bool) -> None:
        """Refuse what cannot be, before anything is opened.

        Args:
            pretrained: the model begins with weights that know something.

        Raises:
            InputError: the message names the option.
        """
        if self.reads("pairs") and not self.pairs:
            raise InputError(f"--auxiliary {self.auxiliary} needs --pairs, files with translations")
        if self.pairs and not self.reads("pairs"):
            raise InputError(
                "--pairs belongs to --auxiliary contrastive or distillation; give one of them, or"
                " leave it out"
            )
        if self.has_goals and not pretrained:
            raise InputError(
                "--auxiliary distillation keeps the vectors of a pretrained model; give --model"
            )
        if self.privacy:
            mixing = {"--auxiliary": bool(self.auxiliary)}
            refuse_with_privacy(
                mixing, {"--auxiliary": "it mixes the texts of a batch; leave it out"}
            )
        if not self.contrast > 0:
            raise InputError(f"--contrast {self.contrast}: expected a number above 0")
