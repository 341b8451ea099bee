"""What a run of `training.translate` is asked for; the options of its command line.

>>> TranslatorConfig(("sample:sw",), config="m2m-nano", tokenizer="train:600", steps=9).directions
'both'
>>> TranslatorConfig(("sample:sw",), config="m2m-nano", steps=9)
Traceback (most recent call last):
data.errors.InputError: --tokenizer is missing: random weights need one; give a folder, or \
train:8000 to train one on the pairs
"""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass

from data.errors import InputError
from data.options import check, option
from training.architectures import FAMILIES, named
from training.settings import LoopOptions, Settings, budget_option, changed

BUDGET = "30m"  # where neither --steps nor --time-budget is given
SEQUENCE = "encoder-decoder"
ENCODER = "encoder"  # what may be frozen
DIRECTIONS = ("both", "forward", "backward")
FAIRSEQ = "fairseq"
ENGINES = ("loop", FAIRSEQ)


@dataclass(frozen=True, slots=True)
class TranslatorConfig(LoopOptions):
    """One run of `training.translate.train_translator`.

    Attributes:
        pairs: names as `data.bitext.find_bitext` takes them, each with or without `:WEIGHT`:
            how often an epoch sees the set; 0.5 is another half of it each epoch.
        lexicon: "auto" or a name as `data.lexicon.load.load_lexicon` takes it: entries as pairs,
            for every two languages of `pairs`.
        monolingual: corpora as `data.corpus.find_corpus` takes them, back-translated by `teacher`.
        teacher: a run of training.translate, or a model that it opens.
        dev, test: pairs like `pairs`; the weights are chosen by the first, the second are scored.
        config: a name of `training.architectures`, for random weights; or else
        model: any encoder-decoder: a folder, a catalog name, a hub id at a commit.
        encoder: see `training.translation.warm_start`; its tokenizer is the run's.
        tokenizer: a folder, or "train:8000" (from the pairs); None is the model's own.
        freeze: "encoder" trains the decoder alone; an update then takes half of the time.
        engine: our loop, or fairseq's programs (`training.translation.through_fairseq`).
        directions: "forward" is from the language that the pairs name first; "both" in one model.
        keep_out: further test sets whose sentences leave the training data.
        smoothing: of the labels (Szegedy et al. 2016); dropout: of the layers, whatever model.
        beam: width of the search for the scores at the end; while it trains, greedy.
        dev_limit: pairs of dev that an evaluation translates, in each direction.
    """

    pairs: tuple[str, ...] = option(
        (),
        "translations: NAME[:SPLIT]:LANGUAGE or :sw-en, FILE.tsv, FILE.tmx, FILE.sw,FILE.en, a"
        " folder of lexaug.synthesize --mode parallel; W is how often an epoch sees it; once for"
        " each",
        metavar="NAME[:W]",
        repeated=True,
    )
    lexicon: str | None = option(
        None, "entries as pairs: auto, a catalog name, a file", metavar="NAME[:W]"
    )
    monolingual: tuple[str, ...] = option(
        (),
        "text that --teacher translates back: a file, NAME:SPLIT:LANGUAGE; once for each",
        metavar="NAME[:W]",
        repeated=True,
    )
    teacher: str | None = option(
        None, "a run of training.translate that translates --monolingual", metavar="FOLDER"
    )
    dev: str | None = option(None, "pairs that the weights are chosen by", metavar="NAME")
    test: tuple[str, ...] = option(
        (), "pairs to score: ntrex-128:test:sw", metavar="NAMES", separator=","
    )
    config: str | None = option(
        None,
        "random weights: FAMILY-SIZE, of m2m, bart, encoder-decoder and nano, tiny, small, medium",
        metavar="NAME",
    )
    model: str | None = option(
        None,
        "go on with an encoder-decoder: a folder, a catalog name, a hub id@commit",
        metavar="NAME",
    )
    encoder: str | None = option(
        None,
        "with --config bart-SIZE, which says how deep the decoder is: both sides begin as this"
        " pretrained encoder (BERT, multilingual-e5), of which N layers are taken",
        metavar="NAME[:N]",
    )
    tokenizer: str | None = option(
        None, "a folder, or train:N (pieces, from the pairs)", metavar="T"
    )
    freeze: str | None = option(
        None, "leave the encoder and the embeddings as they are", choices=(ENCODER,)
    )
    engine: str = option("loop", "what trains it", choices=ENGINES)
    directions: str = option("both", "which way the pairs are learned", choices=DIRECTIONS)
    keep_out: tuple[str, ...] = option(
        (), "further test sets whose sentences leave the data", metavar="NAMES", separator=","
    )
    smoothing: float = option(0.1, "of the labels", least=0, most=0.9)
    dropout: float = option(0.1, "of the layers", least=0, most=0.9)
    beam: int = option(5, "width of the search for the scores at the end", least=1, most=64)
    dev_limit: int = option(200, "pairs of --dev that an evaluation translates", least=1)
    skip_bad: bool = option(False, "leave bad lines out and count them")
    _: KW_ONLY
    seconds: float | None = budget_option(BUDGET)
    learning_rate: float | None = changed(
        "learning_rate",
        None,
        "at its highest (default: muon 0.005, adamw 0.001; --model 0.0001)",
    )
    optimizer: str | None = changed(
        "optimizer", None, "muon (default with --config) or adamw (default with --model)"
    )

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is opened."""
        check(self)
        if not self.pairs:
            raise InputError("--pairs is missing; name translations such as lafand:train:sw")
        if (self.config is None) == (self.model is None):
            raise InputError(
                "expected --config NAME (random weights) or --model NAME (trained on), found "
                + ("neither" if self.model is None else "both")
            )
        if self.config and named(self.config)[0].architecture != SEQUENCE:
            families = ", ".join(n for n, f in FAMILIES.items() if f.architecture == SEQUENCE)
            raise InputError(
                f"--config {self.config}: expected a model that reads one text and writes another,"
                f" of the families {families}; such as m2m-small"
            )
        self._check_tokenizer()
        if bool(self.monolingual) != bool(self.teacher):
            raise InputError(
                "--monolingual and --teacher belong together: the teacher translates the text back"
            )
        if (self.evaluate_every or self.patience) and not self.dev:
            raise InputError("--evaluate-every and --patience need --dev, such as lafand:dev:sw")
        if self.engine == FAIRSEQ:
            self._check_fairseq()
        self.settings()

    def _check_tokenizer(self) -> None:
        if self.encoder and not (self.config or "").startswith("bart-"):
            raise InputError(
                f"--encoder {self.encoder}: expected --config bart-SIZE beside it, found"
                f" {self.config or 'none'}; such as bart-small, for a decoder of four layers"
            )
        if self.freeze and not (self.encoder or self.model):
            raise InputError("--freeze: random weights are to be trained; leave it out")
        if self.config and self.tokenizer is None and not self.encoder:
            raise InputError(
                "--tokenizer is missing: random weights need one; give a folder, or train:8000 to"
                " train one on the pairs"
            )
        if (self.model or self.encoder) and self.tokenizer:
            raise InputError(
                f"--tokenizer {self.tokenizer}: the model's embeddings belong to the pieces of its"
                " own tokenizer; leave the option out"
            )

    def _check_fairseq(self) -> None:
        """Refuse what fairseq cannot do, or what of it no other room could open."""
        if not (self.config or "").startswith("bart-") or self.encoder:
            raise InputError(
                "--engine fairseq: expected random weights of --config bart-SIZE, whose network"
                f" fairseq has, found {self.encoder or self.model or self.config}; such as"
                " bart-small, or leave --engine out"
            )
        on_cpu = self.device in ("auto", "cpu")
        for flag, is_so in (
            ("--optimizer muon", self.optimizer == "muon"),
            ("--average", self.average > 0),
            ("--clock cpu", self.seconds is not None and self.clock != "wall"),
            (f"--dtype {self.dtype}", self.dtype not in (None, "float32") and on_cpu),
        ):
            if is_so:
                raise InputError(f"--engine fairseq has no {flag}; leave it out")

    @property
    def pieces(self) -> int:
        """N of a tokenizer that is `train:N`, else 0."""
        match = re.fullmatch(r"train:([0-9]{1,9})", self.tokenizer or "")
        return int(match[1]) if match else 0

    def settings(self) -> Settings:
        """Those of the loop.

        Raises:
            InputError: a value that cannot be; the message names the option.
        """
        at_random = self.config is not None and self.encoder is None
        usual_one = "muon" if at_random and self.engine != FAIRSEQ else "adamw"
        optimizer = self.optimizer or usual_one
        usual = (1e-3 if optimizer == "adamw" else 5e-3) if at_random else 1e-4
        return self.loop_settings(optimizer, self.learning_rate or usual)
