"""Inflection trained and decoded by fairseq, the extra of that name.

    from data.inflections.tables import load_triples
    model = train_with_fairseq(train, dev, Path("runs/swa-fairseq"), FairseqSettings(steps=4000))
    [[best]] = model.predict([("soma", "V;PST;3;SG")])

The triples become translation of characters (`morph.fairseq_text`); fairseq's own programs train a
small transformer on them and generate, each in a process of its own. fairseq is the extra
`fairseq`; it may live in another environment, whose interpreter KILOLINGUA_FAIRSEQ_PYTHON names.

The folder keeps everything that fairseq needs to go on by hand: text/, data-bin/, checkpoints/, its
logs, and config.json. A run that was killed goes on when the same call is made again. fairseq's
checkpoints are pickles. They are read as data alone, and only while their checksum is the one that
training noted: give nobody's folder but your own to `FairseqTransducer.load`.

The network follows Wu, Cotterell and Hulden (2021, https://aclanthology.org/2021.eacl-main.163):
layers normalised first, much dropout, smoothed labels. It is smaller than theirs, with batches of
64, so that one core trains it in minutes. `python -m morph.train --engine fairseq` takes of the
recipe steps, seconds, seed and batch; data, folder and scores are those of `morph.run`.
"""

from __future__ import annotations

import difflib
import json
import math
import tempfile
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import check_shape, read_json
from data.errors import InputError
from data.files import canonical_json, sha256_file, sha256_text, write_whole
from data.randomness import stream
from data.tsv import excerpt
from data.unimorph import Triple
from data.words import script_of, scripts_of
from metrics.score import Score
from morph.corpora import InflectionData
from morph.fairseq_text import (
    feature_names,
    feature_tokens,
    form,
    hidden,
    source_tokens,
    target_tokens,
)
from morph.recipe import USUAL, TrainingConfig
from morph.run import read_data, score, training_folder
from morph.transducer import Hypothesis
from training.fairseq import Generated, Vocabulary, prepare_pairs, read_generated, run_fairseq

LANGUAGES = ("lemma", "form")  # what fairseq calls the two sides
LOOKS = 10  # at the development triples, in a whole training
LONGER = 20  # the most symbols by which a form is longer than twice its source

_PAIR = ("--task", "translation", "--source-lang", LANGUAGES[0], "--target-lang", LANGUAGES[1])
_BATCHES = ("--required-batch-size-multiple", "1", "--num-workers", "0", "--no-progress-bar")


@dataclass(frozen=True, slots=True)
class FairseqSettings:
    """The model and its training.

    Attributes:
        steps: updates.
        seconds: stop after so many, though steps are left; the learning rate is planned for
            `steps`, so this is a limit rather than a plan.
        layers: of the encoder, and of the decoder.
        width: of the embeddings; the inner layers are four times as wide.
        warmup: share of the steps in which the learning rate rises; it falls to 0 in the others.
        batch: triples an update.
        hidden: share of the training triples that are given once more with characters hidden.
        threads: of torch.
    """

    steps: int = 4000
    seconds: float | None = None
    layers: int = 2
    width: int = 128
    heads: int = 4
    dropout: float = 0.2
    label_smoothing: float = 0.1
    learning_rate: float = 1e-3
    warmup: float = 0.05
    batch: int = 64
    hidden: float = 0.25
    seed: int = 1
    threads: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Refuse what fairseq would fail on much later.

        Raises:
            InputError: no steps, layers, or triples a batch; a width that the heads do not divide.
        """
        for name in ("steps", "layers", "width", "heads", "batch", "threads"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"{name}: expected 1 or more, found {getattr(self, name)}; raise it"
                )
        if self.width % self.heads:
            raise InputError(
                f"width: expected a multiple of the {self.heads} heads, found {self.width}; change"
                " either"
            )


DEFAULT = FairseqSettings()


def training(folder: Path, triples: int, settings: FairseqSettings, *, dev: bool) -> Sequence[str]:
    """`fairseq-train` on a folder's data-bin, to its checkpoints.

    Args:
        triples: of training, from which it follows how many epochs lie between two looks.
        dev: whether there are development triples to look at.
    """
    epochs = settings.steps / math.ceil(triples / settings.batch)
    between = str(max(1, round(epochs / LOOKS)))
    limit = () if settings.seconds is None else (f"--stop-time-hours={settings.seconds / 3600}",)
    return [
        *("fairseq-train", str(folder / "data-bin"), *_PAIR, *_architecture(settings)),
        *("--criterion", "label_smoothed_cross_entropy"),
        *("--label-smoothing", str(settings.label_smoothing), "--clip-norm", "1.0"),
        *("--optimizer", "adam", "--adam-betas", "(0.9, 0.98)", *_learning_rate(settings)),
        *("--batch-size", str(settings.batch), *_BATCHES, "--seed", str(settings.seed)),
        *("--max-update", str(settings.steps), *limit),
        *("--save-dir", str(folder / "checkpoints"), "--no-epoch-checkpoints"),
        *("--save-interval", between, "--validate-interval", between),
        *(() if dev else ("--disable-validation",)),
        *_device(settings),
    ]


def generation(
    data: Path,
    checkpoint: Path,
    settings: FairseqSettings,
    *,
    beam: int,
    n_best: int,
    batch_size: int,
) -> Sequence[str]:
    """`fairseq-generate` of the part `test`; the best are those of the greatest probability."""
    return [
        *("fairseq-generate", str(data), *_PAIR, "--path", str(checkpoint)),
        *("--gen-subset", "test", "--beam", str(beam), "--nbest", str(n_best)),
        *("--unnormalized", "--max-len-a", "2", "--max-len-b", str(LONGER)),
        *("--batch-size", str(batch_size), *_BATCHES, *_device(settings)),
    ]


def _architecture(settings: FairseqSettings) -> list[str]:
    sides = [
        option
        for side in ("encoder", "decoder")
        for option in (
            *(f"--{side}-layers", str(settings.layers), f"--{side}-normalize-before"),
            *(f"--{side}-embed-dim", str(settings.width)),
            *(f"--{side}-ffn-embed-dim", str(4 * settings.width)),
            *(f"--{side}-attention-heads", str(settings.heads)),
        )
    ]
    dropout = ["--dropout", str(settings.dropout)]
    return ["--arch", "transformer", "--share-all-embeddings", *sides, *dropout]


def _learning_rate(settings: FairseqSettings) -> list[str]:
    return [
        *("--lr", str(settings.learning_rate), "--lr-scheduler", "polynomial_decay"),
        *("--warmup-updates", str(round(settings.warmup * settings.steps))),
        *("--total-num-update", str(settings.steps)),
    ]


def _device(settings: FairseqSettings) -> tuple[str, ...]:
    return ("--cpu",) if settings.device == "cpu" else ()


CONFIG = "config.json"
SHAPE = {
    "language": str,
    "settings": dict,
    "features": [str],
    "characters": [str],
    "checkpoint?": str,
    "sha256?": str,
}

Pair = tuple[list[str], list[str]]

__all__ = ["FairseqSettings", "FairseqTransducer", "Hypothesis", "train_with_fairseq"]


class FairseqTransducer:
    """A model that `train_with_fairseq` trained.

    Attributes:
        folder: its folder.
        settings: those that it was trained with.
        language: as it was named when it was trained.
        features: those that it knows.
        characters: those that it knows; others are copied, see `morph.fairseq_text`.
        scripts: those of its characters.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self.folder = folder
        self.config = config
        self.settings = FairseqSettings(**config["settings"])
        self.language: str = config["language"]
        self.features = frozenset(config["features"])
        self.characters = frozenset(config["characters"])
        self.scripts = scripts_of(self.characters)

    @classmethod
    def load(cls, folder: Path) -> FairseqTransducer:
        """A model from the folder in which it was trained.

        Raises:
            InputError: the folder holds no finished model, or its checkpoint was changed.
        """
        config = _read_config(folder)
        if config is None or "checkpoint" not in config:
            raise InputError(
                f"{folder}: expected a model that train_with_fairseq finished, found none; train"
                " it, or make the same call again"
            )
        if sha256_file(folder / config["checkpoint"]) != config["sha256"]:
            raise InputError(
                f"{folder / config['checkpoint']}: expected the checkpoint that training noted,"
                " found another one; train again, fairseq's checkpoints are not safe to read"
            )
        return cls(folder, config)

    def predict(
        self,
        items: Sequence[tuple[str, str]],
        *,
        beam: int = 1,
        n_best: int = 1,
        batch_size: int = 256,
    ) -> list[list[Hypothesis]]:
        """Forms of (lemma, bundle) items, `n_best` of each, best first.

        A call costs the start of fairseq, some seconds, so give it all items at once.

        Args:
            items: (lemma, bundle).
            beam: prefixes that are followed at a time; 1 is greedy.
            n_best: forms an item, at most `beam`.

        Raises:
            InputError: a feature that the model does not know, with the nearest that it knows; a
                lemma that is empty, or in a script of which it knows no letter; `n_best` above
                `beam`.
            UnavailableError: fairseq is missing, or failed.
        """
        if not 1 <= n_best <= beam:
            raise InputError(f"n_best: expected 1 to {beam} (the beam), found {n_best}")
        if not items:
            return []
        sources = [self._source(lemma, bundle) for lemma, bundle in items]
        with tempfile.TemporaryDirectory(prefix="kilolingua-fairseq-") as name:
            found = self._generated(
                Path(name),
                [tokens for tokens, _ in sources],
                beam=beam,
                n_best=n_best,
                batch_size=batch_size,
            )
        return [
            [Hypothesis(form(h.text.split(), unknown), h.log_probability) for h in one.hypotheses]
            for one, (_, unknown) in zip(found, sources, strict=True)
        ]

    def _generated(
        self, folder: Path, sources: Sequence[list[str]], **decoding: int
    ) -> list[Generated]:
        """What fairseq generates from sources, with its files in `folder`."""
        pairs = [(tokens, ["<unk>"]) for tokens in sources]  # fairseq wants a target
        vocabulary = Vocabulary(reuse=self.folder / "data-bin")
        prepare_pairs({"test": pairs}, folder, LANGUAGES, vocabulary)
        checkpoint = self.folder / self.config["checkpoint"]
        command = generation(folder / "data-bin", checkpoint, self.settings, **decoding)
        output, log = folder / "generated.txt", self.folder / "fairseq-generate.log"
        run_fairseq(command, output=output, log=log, threads=self.settings.threads)
        return read_generated(output, expected=len(sources))

    def _source(self, lemma: str, bundle: str) -> tuple[list[str], tuple[str, ...]]:
        for feature in feature_names(bundle):
            if feature not in self.features:
                near = difflib.get_close_matches(feature, sorted(self.features), 3, 0.0)
                raise InputError(
                    f"{lemma} {bundle}: expected features of the training data, found {feature};"
                    f" the nearest are {', '.join(near)}"
                )
        if not lemma:
            raise InputError("lemma: expected text, found none; give the word's citation form")
        script = script_of(lemma)
        if script is not None and script not in self.scripts:
            raise InputError(
                f"lemma {excerpt(lemma)}: expected the script of the training data"
                f" ({', '.join(sorted(self.scripts))}), found {script}; train on that script"
            )
        return source_tokens(lemma, bundle, self.characters)


def train_with_fairseq(
    train: Sequence[Triple],
    dev: Sequence[Triple],
    out: Path,
    settings: FairseqSettings = DEFAULT,
    *,
    language: str = "",
) -> FairseqTransducer:
    """Train a model in `out`, or take the one that the same call made there before.

    The model is the one with the least loss on `dev`, which is looked at some ten times; without
    `dev`, the last one.

    Raises:
        InputError: no triples, a triple without a form; a folder with a model of other triples or
            settings.
        UnavailableError: fairseq is missing, or failed.
    """
    started = _started(train, dev, settings, language)
    earlier = _read_config(out) or started
    if {name: earlier.get(name) for name in started} != started:
        raise InputError(
            f"{out}: expected a new folder, found a model of other triples or settings (see"
            f" {CONFIG}); choose another one"
        )
    if "checkpoint" not in earlier:
        write_whole(out / CONFIG, _text(started))
        checkpoint = _train(train, dev, out, settings, frozenset(started["characters"]))
        done = {"checkpoint": checkpoint, "sha256": sha256_file(out / checkpoint)}
        write_whole(out / CONFIG, _text({**started, **done}))
    return FairseqTransducer.load(out)


def _train(
    train: Sequence[Triple],
    dev: Sequence[Triple],
    out: Path,
    settings: FairseqSettings,
    characters: Container[str],
) -> str:
    """Write the data and train on them; return where in `out` the checkpoint is."""
    parts = {"train": list(_training_pairs(train, settings))}
    if dev:
        parts["valid"] = list(_pairs(dev, characters))
    prepare_pairs(parts, out, LANGUAGES, Vocabulary(joined=True))
    command = training(out, len(parts["train"]), settings, dev=bool(dev))
    output, log = out / "fairseq-train.txt", out / "fairseq-train.log"
    run_fairseq(command, output=output, log=log, threads=settings.threads)
    return f"checkpoints/checkpoint_{'best' if dev else 'last'}.pt"


def _started(
    train: Sequence[Triple], dev: Sequence[Triple], settings: FairseqSettings, language: str
) -> dict[str, Any]:
    """What decides the model."""
    if not train or any(triple.form is None for triple in (*train, *dev)):
        raise InputError(
            "expected training triples that all have a form, found"
            f" {'none' if not train else 'covered ones'}; give the file with the forms"
        )
    text = [[[one.lemma, one.features, one.form] for one in part] for part in (train, dev)]
    sizes = {"train": len(train), "dev": len(dev), "sha256": sha256_text(canonical_json(text))}
    return {
        "engine": "fairseq",
        "language": language,
        "settings": asdict(settings),
        "triples": sizes,
        "features": sorted({name for one in train for name in feature_names(one.features)}),
        "characters": sorted({c for one in train for c in one.lemma + (one.form or "")}),
    }


def _pairs(triples: Sequence[Triple], characters: Container[str]) -> Iterator[Pair]:
    for triple in triples:
        source, unknown = source_tokens(triple.lemma, triple.features, characters)
        yield source, target_tokens(triple.form or "", unknown)


def _training_pairs(triples: Sequence[Triple], settings: FairseqSettings) -> Iterator[Pair]:
    """Each triple, and some of them once more with characters hidden."""
    draw = stream(settings.seed, "hidden characters")
    for triple in triples:
        text, features = triple.form or "", feature_tokens(triple.features)
        yield [*features, *target_tokens(triple.lemma)], target_tokens(text)
        if draw.random() < settings.hidden:
            unknown = hidden(triple.lemma, text, draw)
            yield [*features, *target_tokens(triple.lemma, unknown)], target_tokens(text, unknown)


def _read_config(folder: Path) -> dict[str, Any] | None:
    path = folder / CONFIG
    if not path.is_file():
        return None
    found: dict[str, Any] = read_json(path, dict)
    if found.get("engine") != "fairseq":
        raise InputError(f"{path}: expected a model of fairseq's, found another; check the folder")
    check_shape(found, SHAPE, str(path))
    return found


def _text(config: Mapping[str, Any]) -> str:
    return json.dumps(config, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def train_through_fairseq(
    config: TrainingConfig, out: Path, *, access: Access = Access()
) -> dict[str, Score]:
    """Train one language's model into out/model; its accuracy on the dev part, by unit.

    Raises:
        InputError: several languages, or a model to go on from.
        UnavailableError: fairseq is missing, or failed.
    """
    if len(config.units) > 1 or config.start is not None:
        raise InputError(
            "engine fairseq: expected one language from nothing, found "
            f"{', '.join(config.units)}; leave --from and further languages to the other engine"
        )
    [data] = read_data(config, access=access)
    settings = FairseqSettings(seed=config.recipe.seed, batch=config.recipe.batch or USUAL["batch"])
    if config.recipe.steps is not None:
        settings = replace(settings, steps=config.recipe.steps)
    settings = replace(settings, seconds=config.recipe.seconds)

    def predict(one: InflectionData) -> Sequence[Hypothesis]:
        items = [(triple.lemma, triple.features) for triple in one.dev]
        return [best for best, *_ in model.predict(items)]

    with training_folder(config, [data], out):
        model = train_with_fairseq(
            data.train, data.dev, out / "model", settings, language=data.unit
        )
        return score([data], predict, out)
