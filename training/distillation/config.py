"""What a distillation is asked for; the options of `python -m training.distil`.

>>> DistilConfig(("a.txt",), ("multilingual-e5-small",), layers="3", steps=9).mix
{'hidden': 1.0}
>>> DistilConfig(("a.txt",), ("multilingual-e5-small",), layers="3", temperature=0, steps=9)
Traceback (most recent call last):
data.errors.InputError: --temperature 0: expected a number above 0, such as 2
"""

from __future__ import annotations

import math
import re
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from data.errors import InputError
from data.options import check, common, option
from training.settings import LoopOptions, Settings, budget_option, changed

BUDGET = "10m"  # where neither --steps nor --time-budget is given
CACHE = ("auto", "yes", "no")
DATA, TEACHER, BOTH = COUNTERFACTUALS = ("data", "teacher", "both")
STUDENT = "student"
DEFAULT_LOSS = {"encoder": "hidden", "decoder": "soft,own:0.5", "encoder-decoder": "soft,own:0.5"}


@dataclass(frozen=True, slots=True)
class DistilConfig(LoopOptions):
    """One run of `training.distil.distil`.

    Attributes:
        corpora: text, names as `data.corpus.find_corpus` takes them, each with or without
            `:WEIGHT`; folders that lexaug.synthesize wrote, too.
        teacher: models by folder, catalog name or hub id; of several the probabilities and states
            are averaged.
        student: a folder or name, whose weights it begins with, or FAMILY-SIZE
            (`training.architectures`), whose weights are random; or else
        layers: so many of the first teacher's layers, evenly spaced, or these: "0,5,11"; with
        width, inner: narrower: the principal directions of the teacher's embeddings, so many
            units of each feed-forward network.
        tokenizer: of a FAMILY-SIZE; the teacher's own by default.
        loss: a mix of `training.distillation.losses`; None is `hidden` for an encoder and
            `soft,own:0.5` else.
        temperature: of soft targets; probabilities are softmax(scores / temperature).
        layer_map: "1:6,2:12": which layer of the teacher each of the student's is compared with;
            None spaces them evenly. 0 is what enters the first layer.
        cache: whether what the teacher says is kept on disk; "auto" keeps it where the text is
            read twice or more.
        targets: the folder for it, which several runs may share; None is in the run's own.
        counterfactual: role reversal (`training.distillation.roles`): texts with women and men
            swapped beside the others, the teacher's probabilities averaged with those of the
            swapped text, or both.
        top_k: so many of the most probable pieces of a place are kept, in 16 bits.
    """

    corpora: tuple[str, ...] = option(
        (),
        "text to distil on, with a weight behind it where it has one; once for each",
        flag="--corpus",
        metavar="NAME[:W]",
        repeated=True,
        required=True,
    )
    teacher: tuple[str, ...] = option(
        (), "a folder, a catalog name, a hub id@commit; several are averaged", metavar="NAMES",
        separator=",", required=True,
    )  # fmt: skip
    student: str | None = option(
        None, "its weights: a folder or name; random ones: FAMILY-SIZE", metavar="NAME",
        group=STUDENT,
    )  # fmt: skip
    layers: str | None = option(
        None, "the teacher's, evenly spaced: 3; or these: 0,5,11", metavar="N", group=STUDENT
    )
    width: int | None = option(None, "narrower than the teacher", least=2, group=STUDENT)
    inner: int | None = option(None, "units of each feed-forward network", least=1, group=STUDENT)
    tokenizer: str | None = option(
        None, "a folder, for FAMILY-SIZE (default: the teacher's)", metavar="T", group=STUDENT
    )
    loss: str | None = option(
        None,
        "soft, hidden, cosine, relation, embeddings, contrast, own, with weights: soft:1,own:0.5",
        metavar="MIX",
    )
    temperature: float = option(2.0, "of soft targets")
    layer_map: str | None = option(
        None, "student's:teacher's layers, 1:6,2:12 (default: evenly)", metavar="MAP"
    )
    relation_heads: int = option(12, "into which states are cut for relations", least=1)
    objective: str | None = option(
        None, "how text is read: MLM, CLM, drop, spans, none (default: by what is compared)",
        metavar="MIX",
    )  # fmt: skip
    cache: str = option("auto", "keep what the teacher says on disk", choices=CACHE)
    targets: Path | None = option(
        None, "folder for it, shared by runs (default: the run's)", metavar="FOLDER", identity=False
    )
    top_k: int = option(64, "most probable pieces of a place, in the cache", least=1)
    counterfactual: str | None = option(
        None, "swap women and men: in the text, in what the teacher says, in both",
        choices=COUNTERFACTUALS,
    )  # fmt: skip
    word_list: str | None = option(
        None, "pairs to swap: a list of data.word_lists, a table (default: the language's)",
        metavar="LIST",
    )  # fmt: skip
    names: str | None = option(
        None, "a table of names to swap as well, as pairs (default: names stay)", metavar="FILE"
    )
    keep_out: tuple[str, ...] = option(
        (),
        "test sets whose sentences leave the text: ntrex-128,masakhapos:twi,FILE",
        metavar="NAMES",
        separator=",",
    )
    held_out: float = option(0.02, "share of documents scored", least=0, most=0.5)
    held_out_limit: int = option(200, "documents scored, at most", least=1)
    skip_bad: bool = option(False, "leave bad lines out and count them")
    lang: str | None = common("--lang", identity=False)
    _: KW_ONLY
    seconds: float | None = budget_option(BUDGET)
    learning_rate: float | None = changed(
        "learning_rate", None, "at its highest (default: 0.0005; --student FOLDER 0.0001)"
    )
    optimizer: str = changed("optimizer", "adamw")

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is opened."""
        from training.architectures import FAMILIES, named

        check(self)
        if not 0 < self.temperature < math.inf:
            raise InputError(
                f"--temperature {self.temperature:g}: expected a number above 0, such as 2"
            )
        cut = self.layers or self.width or self.inner
        self._check_roles()
        if (self.student is None) == (not cut):
            found = "both" if cut else "neither"
            raise InputError(
                "expected --student NAME, or --layers N, --width W or --inner N of the teacher's,"
                f" found {found}"
            )
        if self.student and self.student.rpartition("-")[0] in FAMILIES:
            named(self.student)
        elif self.tokenizer:
            raise InputError("--tokenizer goes with --student FAMILY-SIZE; leave it out")
        if self.loss is not None or self.mix:
            self._check_layers()
        self.settings()

    def _check_roles(self) -> None:
        given = {"--word-list": self.word_list, "--names": self.names}
        if self.counterfactual is None:
            if alone := next((flag for flag, value in given.items() if value), None):
                raise InputError(f"{alone}: goes with --counterfactual data, teacher or both")
        elif self.lang is None or "," in self.lang:
            raise InputError(
                "--counterfactual: expected the language of the text, found"
                f" {self.lang or 'none'}; name one with --lang"
            )

    def _check_layers(self) -> None:
        pairs, list_ = r"[0-9]{1,4}:[0-9]{1,4}", r"[0-9]{1,4}"
        if self.layers and not re.fullmatch(rf"{list_}(,{list_})*", self.layers):
            raise InputError(f"--layers {self.layers}: expected a number, or some: 0,5,11")
        if self.layer_map and not re.fullmatch(rf"{pairs}(,{pairs})*", self.layer_map):
            raise InputError(f"--layer-map {self.layer_map}: expected pairs such as 1:6,2:12")
        own = [int(pair.partition(":")[0]) for pair in (self.layer_map or "").split(",") if pair]
        if twice := sorted({layer for layer in own if own.count(layer) > 1}):
            raise InputError(
                f"--layer-map {self.layer_map}: the student's layer {twice[0]} is there twice; it"
                " is compared with one of the teacher's, so leave one out"
            )

    @property
    def is_named(self) -> bool:
        """Whether the student has random weights of a named configuration."""
        from training.architectures import FAMILIES

        return bool(self.student) and str(self.student).rpartition("-")[0] in FAMILIES

    def mix_for(self, architecture: str) -> dict[str, float]:
        """The losses with their weights."""
        from training.distillation.losses import parse_losses

        return parse_losses(self.loss or DEFAULT_LOSS[architecture])

    @property
    def mix(self) -> dict[str, float]:
        """The losses with their weights, of an encoder where nobody says."""
        return self.mix_for("encoder")

    @property
    def chosen_map(self) -> dict[int, int] | None:
        """The layer map that was given, or None."""
        if self.layer_map is None:
            return None
        pairs = (pair.split(":") for pair in self.layer_map.split(","))
        return {int(own): int(its) for own, its in pairs}

    def settings(self) -> Settings:
        """Those of the loop.

        Raises:
            InputError: a value that cannot be; the message names the option.
        """
        usual = 1e-4 if self.student and not self.is_named else 5e-4
        return self.loop_settings(self.optimizer, self.learning_rate or usual)
