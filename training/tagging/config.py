"""What a tagging run is asked for; the options of `python -m training.tag`.

>>> TagConfig(("ewt:train",), config="encoder-tiny", tokenizer="runs/enc/model", steps=9).distil
'relabel'
>>> TagConfig(("ewt:train",), model="runs/enc")
Traceback (most recent call last):
data.errors.InputError: expected --steps N or --time-budget TIME, found neither
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from data.errors import InputError
from data.labels.schemes import SCHEMES
from data.options import check, option
from training.auxiliary_options import AuxiliaryOptions
from training.private.options import refuse_with_privacy
from training.settings import Settings, budget_option, changed

RELABEL, AGREE, KEEP = "relabel", "agree", "keep"
DISTIL = (RELABEL, AGREE, KEEP)
NOT_PRIVATE = {"--dictionary": "its counts would be in the model without noise; leave it out"}
BUDGET = "5m"  # where neither --steps nor --time-budget is given


@dataclass(frozen=True, slots=True)
class TagConfig(AuxiliaryOptions):
    """One run of `training.tag.tag`.

    Attributes:
        train: labelled sets as `training.tagging.labelled.find_labelled` takes them.
        pseudo: pseudo-labelled sets, trained on beside them; a teacher may see to their labels.
        dictionary: labelled sets, mostly pseudo-labelled, that are counted and not trained on: see
            `training.tagging.dictionary`; `dictionary_weight` is how much the counts weigh.
        dev: a labelled set of the *source* language: the best weights are chosen by it.
        test: labelled sets that are scored and never trained on or chosen by.
        model: an encoder, as a folder (of training.pretrain or any other), a catalog name or a
            hub id; or else
        config, tokenizer: random weights of a name of `training.architectures`, and the folder
            of a tokenizer.
        scheme: of labels in files, one of `data.labels.schemes.SCHEMES`; None: the labels tell.
        skip_bad: leave out sentences with a bad line or tag of a file, counted.
        unlabelled: sets that the teacher labels; their own labels are not read.
        teacher: a folder of an earlier run that sees to the labels of `pseudo` and `unlabelled`.
        distil: "relabel" takes the teacher's labels for `pseudo`; "agree" keeps the sentences whose
            labels the teacher shares, for at least `agreement` of the words; "keep" leaves them.
        texts: corpora in several languages that auxiliary objectives read.
        head_rate: factor of the learning rate of weights that begin at random on `model`, under
            AdamW: a new layer learns from nothing what the encoder's layers need only refine.
        keep_out: further test sets whose sentences leave the training data.
        length: pieces seen at once; a longer sentence is cut between words.
    """

    train: tuple[str, ...] = option(
        (), "labelled sets to train on: ewt:train,FILE", metavar="NAMES", separator=","
    )
    pseudo: tuple[str, ...] = option(
        (), "pseudo-labelled sets to train on as well", metavar="NAMES", separator=","
    )
    unlabelled: tuple[str, ...] = option(
        (), "sets that --teacher labels", metavar="NAMES", separator=","
    )
    dictionary: tuple[str, ...] = option(
        (),
        "labelled sets, such as pseudo-labelled ones, whose words' labels count beside the model",
        metavar="NAMES",
        separator=",",
    )
    dictionary_weight: float = option(
        0.5, "of a word's labels there, the model's being 1", least=0, most=100
    )
    dev: str | None = option(
        None, "the source language's dev set: chooses the weights", metavar="NAME"
    )
    test: tuple[str, ...] = option(
        (),
        "sets to score: masakhapos:bam,masakhapos:twi",
        metavar="NAMES",
        separator=",",
    )
    model: str | None = option(
        None,
        "the encoder: a folder of training.pretrain, a catalog name, a hub id@commit",
        metavar="NAME",
    )
    config: str | None = option(
        None, "or random weights: encoder-tiny; with --tokenizer", metavar="NAME"
    )
    tokenizer: str | None = option(None, "of --config", metavar="FOLDER")
    scheme: str | None = option(
        None,
        "of the labels in files: pos, bio, iob1, bioes, bmes or bilou (default: seen from them,"
        " and said); names become BIO",
        choices=SCHEMES,
    )
    skip_bad: bool = option(
        False,
        "leave out sentences with a bad line or tag of a file, counted",
        identity=False,  # what is left out shows in the checksums of the sets
    )
    teacher: str | None = option(
        None,
        "a run of training.tag that sees to the labels of --pseudo (label distillation), and gives"
        " those of --unlabelled",
        metavar="FOLDER",
    )
    distil: str = option(
        RELABEL,
        "what the teacher does with --pseudo: relabel, agree (keep the sentences on which it"
        " agrees), keep (nothing)",
        choices=DISTIL,
    )
    agreement: float = option(0.8, "share of the words, for agree", least=0, most=1)
    keep_out: tuple[str, ...] = option(
        (), "further test sets that leave the training data", metavar="NAMES", separator=","
    )
    texts: tuple[str, ...] = option(
        (),
        "text that --auxiliary reads, a corpus a language; once for each",
        metavar="NAME",
        repeated=True,
    )
    head_rate: float = option(
        1.0,
        "times the learning rate, for layers that begin at random on a pretrained encoder",
        least=0.01,
        most=1000,
    )
    _: KW_ONLY
    batch_tokens: int = changed("batch_tokens", 2048)
    seconds: float | None = budget_option(BUDGET)
    learning_rate: float = changed("learning_rate", 5e-4)
    schedule: str = changed("schedule", "linear")
    warmup: float = changed("warmup", 0.1)
    optimizer: str = changed("optimizer", "adamw")

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is opened."""
        from training.architectures import named

        check(self)
        if not self.train and not self.pseudo:
            raise InputError("--train is missing; name a labelled set such as ewt:train")
        self._check_model()
        if self.config and named(self.config)[0].architecture == "encoder-decoder":
            raise InputError(f"--config {self.config}: expected an encoder such as encoder-tiny")
        self._check_pairs()
        self.check_auxiliary(pretrained=self.model is not None)
        if self.reads("texts") != bool(self.texts):
            raise InputError(
                "--texts and --auxiliary belong together: adversarial, cooperative, means and"
                " phonemes read text; name corpora, or leave the other out"
            )
        if self.privacy:
            refuse_with_privacy({"--dictionary": bool(self.dictionary)}, NOT_PRIVATE)
        self.settings()

    def _check_model(self) -> None:
        if (self.config is None) == (self.model is None):
            found = "neither" if self.model is None else "both"
            raise InputError(
                "expected --model NAME (a pretrained encoder) or --config NAME (random weights),"
                f" found {found}"
            )
        if self.config and not self.tokenizer:
            raise InputError("--config needs --tokenizer FOLDER: random weights have none")
        if self.model and self.tokenizer:
            raise InputError("--tokenizer belongs to --config; a model has its own")

    def _check_pairs(self) -> None:
        """Refuse options that do not go together."""
        if self.teacher and not (self.pseudo or self.unlabelled):
            raise InputError("--teacher sees to the labels of --pseudo and --unlabelled; name one")
        if self.unlabelled and not self.teacher:
            raise InputError("--unlabelled needs --teacher, which gives the labels")
        if (self.evaluate_every or self.patience) and not self.dev:
            raise InputError("--evaluate-every and --patience need --dev, such as ewt:dev")

    def settings(self) -> Settings:
        """Those of the loop.

        Raises:
            InputError: a value that cannot be; the message names the option.
        """
        return self.loop_settings(self.optimizer, self.learning_rate)
