"""What a run of `nlu.train` is asked for; the options of its command line.

>>> NluConfig(("xsid:train",), model="multilingual-e5-small", steps=9).words
'first'
>>> NluConfig(("xsid:train",), model="multilingual-e5-small")
Traceback (most recent call last):
data.errors.InputError: expected --steps N or --time-budget TIME, found neither
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from data.errors import InputError
from data.options import check, option
from models.encoder import POOLINGS
from training.private.options import PrivateOptions, refuse_with_privacy
from training.settings import Settings, budget_option, changed

LINEAR, KERNEL = "linear", "kernel"  # how an intent is told: by a head, by utterances that are near
INTENTS = (LINEAR, KERNEL)
FIRST, MEAN = "first", "mean"  # how a word is seen: by its first piece, by all of them
WORDS = (FIRST, MEAN)
BUDGET = "10m"  # where neither --steps nor --time-budget is given
SWITCHING = "code-switching"
DISTILLATION = "distillation"
NOT_PRIVATE = {
    "--centre": "the mean of the training texts would be in the model without noise; leave it out",
    "--crf": "its transitions have no gradients by sentence; leave it out",
}


@dataclass(frozen=True, slots=True)
class NluConfig(PrivateOptions):
    """One run of `nlu.train.train`.

    Attributes:
        train: utterances as `nlu.sets.find_utterances` takes them; other languages' too, which is
            translate-train.
        few: utterances of which `shots` an intent are drawn by seed and trained on beside them.
        dev: utterances of the *source* language: the best weights are chosen by them.
        test: utterances that are scored, and never trained on or chosen by.
        model: an encoder, as a folder, a catalog name or a hub id.
        intents: how an intent is told: by a linear head, or by a kernel over the vectors of the
            training utterances (`nlu.neighbours`). It leaves the encoder as it is; slots then have
            a copy of its upper layers, those that `freeze` leaves, to themselves.
        words: how a word is seen: by its first piece, or the mean of its pieces.
        text_to_text: `model` is an encoder-decoder, which writes intent and slots as text
            (`nlu.text_to_text`); without heads.
        freeze: the embeddings and so many layers stay as they are; all of them is a frozen encoder.
        head_rate: factor of the learning rate of the heads and of the CRF.
        consistency: weight of how far what is said of two views of an utterance is apart: under two
            dropouts, or, with `switch`, of the utterance and its switched copy (`nlu.losses`).
        switch: languages into whose words utterances are switched, each with a lexicon from
            English, `de` or `kk=lexicon.tsv`.
        teacher: runs of this command; their softened probabilities are learned beside the labels,
            on the labelled utterances and on those of `unlabelled`, whose own labels are ignored
            (`nlu.teaching`).
        centre: move each test language's vectors to where the training texts lie, by the mean of
            its own unlabelled dev part (of the test part where there is none).
    """

    train: tuple[str, ...] = option(
        (), "utterances: xsid:train, slurp:dev, FILE", metavar="NAMES", separator=","
    )
    few: tuple[str, ...] = option(
        (), "utterances of which --shots an intent are trained on too", metavar="NAMES",
        separator=",",
    )  # fmt: skip
    shots: int | None = option(None, "utterances an intent of --few", metavar="N", least=1)
    dev: str | None = option(
        None, "the source language's dev set: chooses the weights", metavar="NAME"
    )
    test: tuple[str, ...] = option(
        (), "utterances to score: xsid:test:all, slurp:test", metavar="NAMES", separator=","
    )
    model: str | None = option(
        None, "the encoder: a folder, a catalog name, a hub id@commit", metavar="NAME"
    )
    pooling: str = option("mean", "of the pieces' vectors, for the intent", choices=POOLINGS)
    intents: str = option(
        "linear", "told by a head, or a kernel over training utterances", choices=INTENTS
    )
    words: str = option("first", "how a word is seen: its first piece, or mean", choices=WORDS)
    crf: bool = option(False, "transitions between tags are learned: a CRF")
    text_to_text: bool = option(False, "an encoder-decoder writes intent and slots as text")
    lora: int | None = option(None, "rank of adapters (peft), trained alone", least=1)
    freeze: int | None = option(
        None, "the embeddings and the first N layers stay as they are", metavar="N", least=0
    )
    head_rate: float = option(5.0, "times the learning rate, for the heads", least=0.01, most=1000)
    slot_weight: float = option(1.0, "of the slots' loss beside the intent's", least=0, most=100)
    consistency: float | None = option(
        None, "of two views of an utterance that shall agree", metavar="WEIGHT", least=0.001,
        most=1000,
    )  # fmt: skip
    centre: bool = option(False, "centre the vectors of each test language, without labels")
    skip_bad: bool = option(False, "leave out bad records of files, counted", identity=False)
    teacher: tuple[str, ...] = option(
        (), "runs whose answers are learned: RUN, or RUN:intents,RUN:slots", metavar="RUNS",
        separator=",", group=DISTILLATION,
    )  # fmt: skip
    unlabelled: tuple[str, ...] = option(
        (), "utterances that the teacher labels: xsid:dev:all, FILE", metavar="NAMES",
        separator=",", group=DISTILLATION,
    )  # fmt: skip
    unlabelled_limit: int | None = option(
        None, "of each, drawn by seed", metavar="N", least=1, group=DISTILLATION
    )
    answers: Path | None = option(
        None, "folder that keeps the teacher's answers, shared by runs", metavar="FOLDER",
        identity=False, group=DISTILLATION,
    )  # fmt: skip
    soft_weight: float = option(
        1.0, "of the teacher's answers beside labels", least=0.001, most=1000, group=DISTILLATION
    )
    temperature: float = option(
        1.0, "at which they are softened", least=0.01, most=100, group=DISTILLATION
    )
    switch: tuple[str, ...] = option(
        (), "languages to switch words into: de,it,kk=FILE", metavar="LANGS", separator=",",
        group=SWITCHING,
    )  # fmt: skip
    switch_ratio: float = option(
        0.5, "share of the words that the lexicon knows", least=0, most=1, group=SWITCHING
    )
    switch_draws: int = option(
        1, "switched copies of each utterance, beside it", least=1, most=100, group=SWITCHING
    )
    switch_inflect: bool = option(
        False, "translations are inflected where tables of forms are at hand", group=SWITCHING
    )
    _: KW_ONLY
    batch_tokens: int = changed("batch_tokens", 1024)
    seconds: float | None = budget_option(BUDGET)
    learning_rate: float = changed("learning_rate", 2e-4)
    schedule: str = changed("schedule", "linear")
    warmup: float = changed("warmup", 0.1)
    optimizer: str = changed("optimizer", "adamw")

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is opened."""
        check(self)
        if not self.train:
            raise InputError("--train is missing; name utterances such as xsid:train")
        if self.model is None:
            raise InputError("--model is missing; name an encoder such as multilingual-e5-small")
        if bool(self.few) != bool(self.shots):
            raise InputError("--few and --shots belong together: which utterances, and how many")
        if self.unlabelled and not self.teacher:
            raise InputError("--unlabelled needs --teacher, which labels them")
        if self.teacher and (self.crf or self.privacy or self.intents == KERNEL):
            raise InputError("--teacher goes with linear heads, without --crf and --dp-epsilon")
        if self.lora and self.freeze is not None:
            raise InputError("--lora leaves the encoder as it is already; leave --freeze out")
        if self.consistency and (self.crf or self.privacy or self.teacher):
            raise InputError("--consistency goes without --crf, --dp-epsilon and --teacher")
        if self.lora and self.intents == KERNEL:
            raise InputError("--intents kernel leaves the encoder as it is; leave --lora out")
        if (self.evaluate_every or self.patience) and not self.dev:
            raise InputError("--evaluate-every and --patience need --dev, such as xsid:dev:en")
        if self.privacy and self.intents == KERNEL:
            raise InputError("--intents kernel keeps training utterances' vectors, so that nothing"
                             " of them is private; leave it out")  # fmt: skip
        if self.text_to_text and (told := self._of_heads()):
            raise InputError(f"--text-to-text goes without {told[0]}, which is of heads")
        if self.privacy:
            refuse_with_privacy({"--centre": self.centre, "--crf": self.crf}, NOT_PRIVATE)
        self.settings()

    def _of_heads(self) -> list[str]:
        """The options given that ask for heads, or for an encoder alone."""
        given = {
            "--intents kernel": self.intents == KERNEL,
            "--words mean": self.words == MEAN,
            "--crf": self.crf,
            "--lora": self.lora is not None,
            "--freeze": self.freeze is not None,
            "--centre": self.centre,
            "--consistency": self.consistency is not None,
            "--teacher": bool(self.teacher),
            "--dp-epsilon": self.privacy is not None,
        }
        return [name for name, is_given in given.items() if is_given]

    def settings(self) -> Settings:
        """Those of the loop.

        Raises:
            InputError: a value that cannot be; the message names the option.
        """
        return self.loop_settings(self.optimizer, self.learning_rate)
