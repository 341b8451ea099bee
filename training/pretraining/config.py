"""What a pretraining run is asked for; the options of `python -m training.pretrain`.

>>> PretrainConfig(("sample:sw",), "CLM", "decoder-tiny", tokenizer="train:500", steps=9).length
128
"""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass

from data.errors import InputError
from data.options import check, common, option
from training.auxiliary_options import AuxiliaryOptions
from training.private.options import SPEAKER, refuse_with_privacy
from training.settings import Settings, budget_option, changed

NOT_PRIVATE = {
    "--packed": "a row would have the text of several; leave it out",
    "--temperature": "every document is drawn with the same probability; leave it out",
    f"--dp-unit {SPEAKER}": "corpora do not say who speaks; put the text of each into one document",
    "--dp-units": "a line of a corpus is its document; give --dp-unit document, and leave it out",
}
BUDGET = "10m"  # where neither --steps nor --time-budget is given


@dataclass(frozen=True, slots=True)
class PretrainConfig(AuxiliaryOptions):
    """One run of `training.pretrain.pretrain`.

    Attributes:
        corpora: names as `data.corpus.find_corpus` takes them, each with or without `:WEIGHT`.
        objective: a mix as `training.objectives.parse_mix` reads it: "MLM", "CLM:0.2,spans:0.8";
            "T5" is another name for spans; "none" trains by auxiliary objectives alone.
        config: a name of `training.architectures`, for random weights; or else
        model: a folder, a name of the catalog, a hub id at a commit: trained on.
        tokenizer: a folder, "train:8000" (from these corpora), "extend:4000" (the model's own and
            so many pieces from these corpora); None is the model's own.
        steps, seconds, clock: as in `training.settings.Settings`.
        temperature: 1 draws corpora by weight times size, larger ones draw them more alike.
        optimizer, learning_rate: None is what did best: from random weights Muon at 0.005 (AdamW
            at 0.001), else AdamW at 0.0001, for adapters at 0.0002.
        length: tokens of a document that are seen at once; what is longer is cut.
        batch_tokens: padded tokens a batch.
        packed: documents one after the other in rows of `length`, none of it padding.
        lora: rank of low-rank adapters (peft); None trains all weights.
        keep_out: test sets whose sentences are dropped from the text, see `data.contamination`.
        held_out: share of every corpus's documents that is scored and never trained on.
        held_out_limit: documents of a corpus that are scored, at most.
        dtype: "auto" is bfloat16 on an accelerator that has it, else float32.
    """

    corpora: tuple[str, ...] = option(
        (),
        "text to train on, with a weight behind it where it has one; once for each",
        flag="--corpus",
        metavar="NAME[:W]",
        repeated=True,
    )
    objective: str = option(
        None,
        "encoder: MLM; decoder: CLM; encoder-decoder: T5 (spans), BART, deshuffle, drop, CLM, MLM,"
        " alexatm (drop:0.8,clm:0.2); several with weights: T5:0.8,CLM:0.2; none: see --auxiliary",
        metavar="MIX",
        required=True,
    )
    config: str | None = option(
        None,
        "random weights: FAMILY-SIZE, of encoder, bert, decoder, encoder-decoder, bart, m2m and"
        " nano, tiny, small, medium",
        metavar="NAME",
    )
    model: str | None = option(
        None, "go on with: a folder, a catalog name, a hub id@commit", metavar="NAME"
    )
    tokenizer: str | None = option(
        None,
        "a folder, train:N (pieces, from the corpora), or with --model extend:N",
        metavar="T",
    )
    temperature: float = option(1.0, "above 1: small corpora are drawn more often")
    packed: bool = option(False, "fill every row with documents: no padding")
    lora: int | None = option(
        None, "train adapters of rank R; they are merged", metavar="R", least=1
    )
    keep_out: tuple[str, ...] = option(
        (),
        "test sets whose sentences leave the text: ntrex-128,masakhapos:twi,FILE",
        metavar="NAMES",
        separator=",",
    )
    held_out: float = option(0.02, "share of documents scored", least=0, most=0.5)
    held_out_limit: int = option(1000, "documents scored, at most", least=1)
    skip_bad: bool = option(False, "leave bad lines out and count them")
    lang: str | None = common("--lang", identity=False)
    _: KW_ONLY
    seconds: float | None = budget_option(BUDGET)
    learning_rate: float | None = changed(
        "learning_rate",
        None,
        "at its highest (default: muon 0.005, adamw 0.001; --model 0.0001, --lora 0.0002)",
    )
    optimizer: str | None = changed(
        "optimizer", None, "muon (default with --config) or adamw (default with --model)"
    )

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is opened."""
        from training.architectures import named
        from training.objectives import check_names, parse_weights

        check(self)
        if (self.config is None) == (self.model is None):
            raise InputError(
                "expected --config NAME (random weights) or --model NAME (trained on), found "
                + ("neither" if self.model is None else "both")
            )
        if self.config is None:
            check_names(self.mix)
        else:
            parse_weights(self.mix, named(self.config)[0].architecture)
        self._check_auxiliary()
        self._check_tokenizer()
        if not self.temperature > 0:
            raise InputError(f"--temperature {self.temperature}: expected a number above 0")
        if self.privacy:
            given = {
                "--packed": self.packed,
                "--temperature": self.temperature != 1.0,
                f"--dp-unit {SPEAKER}": self.privacy.unit == SPEAKER,
                "--dp-units": self.privacy.units_file is not None,
            }
            refuse_with_privacy(given, NOT_PRIVATE)
        self.settings()

    def _check_auxiliary(self) -> None:
        from training.objectives import NONE

        self.check_auxiliary(pretrained=self.model is not None)
        if NONE in self.mix.split(",") and not self.weights:
            raise InputError("--objective none needs --auxiliary, which says what is trained for")
        if NONE in self.mix.split(",") and self.mix != NONE:
            raise InputError(f"--objective {self.objective}: none stands alone; leave it out")
        if not self.corpora and (self.mix != NONE or self.reads("texts")):
            raise InputError("--corpus is missing; name text to train on")

    def _check_tokenizer(self) -> None:
        if self.config and self.tokenizer is None:
            raise InputError(
                "--tokenizer is missing: random weights need one; give a folder, or train:8000 to"
                " train one on the corpora"
            )
        if self.config and self.made("extend"):
            raise InputError(f"--tokenizer {self.tokenizer} needs --model; with --config: train:N")
        if self.model and self.made("train"):
            raise InputError(
                f"--tokenizer {self.tokenizer}: the model's embeddings belong to the pieces of its"
                " own tokenizer; give extend:N to add pieces to it, or leave the option out"
            )
        if self.lora and not self.model:
            raise InputError("--lora adapts a trained model; give --model, or leave --lora out")

    def made(self, how: str) -> int:
        """N of a tokenizer that is `train:N` or `extend:N`, else 0.

        >>> config = PretrainConfig(("a",), "MLM", "encoder-tiny", None, "train:8000", steps=1)
        >>> config.made("train"), config.made("extend")
        (8000, 0)
        """
        match = re.fullmatch(rf"{how}:([0-9]{{1,9}})", self.tokenizer or "")
        return int(match[1]) if match else 0

    @property
    def mix(self) -> str:
        """The objective in the words of `training.objectives.parse_mix`.

        >>> PretrainConfig(("a",), "T5:0.8,CLM:0.2", "bart-tiny", tokenizer="t", steps=1).mix
        'spans:0.8,clm:0.2'
        """
        return re.sub(r"\bt5\b", "spans", self.objective.lower())

    def settings(self) -> Settings:
        """Those of the loop.

        Raises:
            InputError: a value that cannot be; the message names the option.
        """
        optimizer = self.optimizer or ("muon" if self.config else "adamw")
        usual = (1e-3 if optimizer == "adamw" else 5e-3) if self.config else 1e-4
        rate = self.learning_rate or (2e-4 if self.lora else usual)
        return self.loop_settings(optimizer, rate)
