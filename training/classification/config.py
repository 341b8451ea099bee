"""What a run of `training.classify` is asked for; the options of its command line.

>>> ClassifyConfig(("sib200:train:en",), model="multilingual-e5-small", freeze="encoder").pooling
'mean'
>>> ClassifyConfig(("sib200:train:en",), model="multilingual-e5-small")
Traceback (most recent call last):
data.errors.InputError: expected --steps N or --time-budget TIME, found neither
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from data.errors import InputError
from data.options import check, option
from models.encoder import POOLINGS
from training.settings import LoopOptions, Settings, budget_option, changed
from training.tagging.config import DISTIL, RELABEL

BUDGET = "5m"  # where neither --steps nor --time-budget is given
ENCODER = "encoder"  # what may be frozen


@dataclass(frozen=True, slots=True)
class ClassifyConfig(LoopOptions):
    """One run of `training.classify.classify`.

    Attributes:
        train: labelled texts as `training.classification.labelled.find_texts` takes them.
        dev: labelled texts of the *source* language: the best weights are chosen by them.
        test: labelled texts that are scored, and never trained on or chosen by;
            `sib200:test:all` are those of all languages.
        model: an encoder, as a folder, a catalog name or a hub id.
        pooling: how the pieces' vectors become the text's; see `models.encoder`.
        freeze: "encoder" leaves it as it is: vectors are computed once, a logistic head is
            trained on them, and options of the loop do not count.
        shots: so many texts a label of `train`, drawn by seed; None takes all.
        pseudo, unlabelled, teacher, distil: as in `training.tag`, for texts.
    """

    train: tuple[str, ...] = option(
        (), "labelled texts: sib200:train:en, FILE.tsv, FILE.jsonl", metavar="NAMES", separator=","
    )
    dev: str | None = option(
        None, "the source language's dev set: chooses the weights", metavar="NAME"
    )
    test: tuple[str, ...] = option(
        (), "texts to score: sib200:test:sw,sib200:test:all", metavar="NAMES", separator=","
    )
    model: str | None = option(
        None, "the encoder: a folder, a catalog name, a hub id@commit", metavar="NAME"
    )
    pooling: str = option("mean", "of the pieces' vectors", choices=POOLINGS)
    freeze: str | None = option(
        None, "leave the encoder as it is and train a head on its vectors", choices=(ENCODER,)
    )
    shots: int | None = option(None, "texts a label of --train", metavar="N", least=1)
    pseudo: tuple[str, ...] = option(
        (), "pseudo-labelled texts to train on as well", metavar="NAMES", separator=","
    )
    unlabelled: tuple[str, ...] = option(
        (), "text, as training.pretrain takes it, that --teacher labels", metavar="NAMES",
        separator=",",
    )  # fmt: skip
    teacher: str | None = option(
        None, "a run of training.classify that sees to the labels of those two", metavar="FOLDER"
    )
    distil: str = option(
        RELABEL,
        "what the teacher does with --pseudo: relabel, agree (keep the texts on which it"
        " agrees), keep (nothing)",
        choices=DISTIL,
    )
    _: KW_ONLY
    batch_tokens: int = changed("batch_tokens", 2048)
    seconds: float | None = budget_option(BUDGET)
    learning_rate: float = changed("learning_rate", 1e-4)
    schedule: str = changed("schedule", "linear")
    warmup: float = changed("warmup", 0.1)
    optimizer: str = changed("optimizer", "adamw")

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is opened."""
        check(self)
        if not self.train:
            raise InputError("--train is missing; name labelled texts such as sib200:train:en")
        if self.model is None:
            raise InputError("--model is missing; name an encoder such as multilingual-e5-small")
        if self.teacher and not (self.pseudo or self.unlabelled):
            raise InputError("--teacher sees to the labels of --pseudo and --unlabelled; name one")
        if self.unlabelled and not self.teacher:
            raise InputError("--unlabelled needs --teacher, which gives the labels")
        if (self.evaluate_every or self.patience) and not self.dev:
            raise InputError("--evaluate-every and --patience need --dev, such as sib200:dev:en")
        if not self.freeze:
            self.settings()

    def settings(self) -> Settings:
        """Those of the loop.

        Raises:
            InputError: a value that cannot be; the message names the option.
        """
        return self.loop_settings(self.optimizer, self.learning_rate)
