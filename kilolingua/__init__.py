"""kilolingua: a research workbench for languages that models barely know. One import for all rooms.

    import kilolingua as kl

    kl.languages(family="Mande", missing="lexicon")   # a polars table, a row a language
    kl.lexicon("wo").lookup("water")
    kl.evaluate("sw", shots=1, limit=100).plot()      # prompted translation beside free baselines
    kl.inflect("sw", "soma", "V;IND;PST;NOM(3,SG,BANTU1);POS").form

The functions here do nothing of their own: each hands over to the room whose name stands in its
docstring, and takes the options of that room's command under the same names (`--max-new-tokens` is
`max_new_tokens=`; a file or folder may be a text). Results print as one line, show as a table in a
notebook, and have `.to_frame()` (polars); those with intervals have `.plot()`. Errors are
`InputError` (a wrong argument or file) and `UnavailableError` (no network, a missing package), with
one line that says what to do. Heavy packages are imported by the functions that need them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kilolingua.shadows import refuse_shadowed_rooms

refuse_shadowed_rooms()

from data.access import Access  # noqa: E402  # only once it is known to be ours
from data.cli import did_you_mean  # noqa: E402
from data.errors import InputError, UnavailableError  # noqa: E402

if TYPE_CHECKING:
    import polars

    from data.inventory import Inventory
    from data.languages import Language
    from data.lexicon import Lexicon
    from icl.pairing import Comparisons
    from icl.scoring import Evaluation
    from icl.translate import Translation
    from lexaug.synthesize import Synthesis
    from models.encoder import Encoder
    from morph.analyse import Analyser
    from morph.inflect import Answer, Inflector
    from morph.run import Trained
    from nlu.train import Trained as TrainedNlu
    from probe.cost_report import Costs
    from probe.summary import Retrieved
    from training.classify import Classified
    from training.pretrain import Pretrained
    from training.tag import Tagged
    from training.translate import TrainedTranslator
    from trust.fairness.report import Measured
    from trust.federation.report import Done as Federated
    from trust.report import Audited

try:
    __version__ = version("kilolingua")
except PackageNotFoundError:  # a clone that nobody installed
    __version__ = "0+unknown"

__all__ = [
    "Access",
    "InputError",
    "UnavailableError",
    "analyser",
    "audit",
    "classify",
    "compare",
    "cost",
    "encoder",
    "evaluate",
    "fairness",
    "federate",
    "inflect",
    "inflector",
    "inventory",
    "language",
    "languages",
    "lexicon",
    "pretrain",
    "retrieve",
    "synthesize",
    "tag",
    "train",
    "train_nlu",
    "train_translator",
    "translate",
]

Config = TypeVar("Config")


def language(name: str) -> Language:
    """One language by any of its codes or names; `data.languages`.

    >>> language("swh_Latn").name, language("Wolof").bcp47
    ('Swahili', 'wo')

    Raises:
        InputError: no language has that code or name; near ones are named.
    """
    from data.load import find_language

    return find_language(name)


def inventory(*, access: Access = Access()) -> Inventory:
    """All languages x all resources with their sources; `data.inventory`.

    `.table` is the table; `data.inventory` has functions that count, find relatives and export.
    """
    from data.inventory import load_inventory

    return load_inventory(access=access)


def languages(*, access: Access = Access(), **conditions: Any) -> polars.DataFrame:
    """The languages that meet every condition, a row each; `data.inventory.select`.

        kl.languages(genus="Bantoid", has="test_set", missing="lexicon", limit=10)

    Args:
        conditions: genus, family, script, macroarea, country, endangerment, category,
            resource_class, has, missing (kinds of resource), text, sign, limit.

    Returns:
        The columns that `data.inventory` lists: glottocode, name, family, genus, speakers ...
    """
    from data.inventory import select

    return select(inventory(access=access).table, **conditions)


def lexicon(target: str, *, source: str = "en", name: str | None = None, **options: Any) -> Lexicon:
    """The best bilingual lexicon at hand, or one by name or file; `data.load.load_lexicon`.

    >>> words = lexicon("sw", name="sample")
    >>> words
    <Lexicon: sample, en-sw, 400 entries>
    >>> words.lookup("bread")[0].target
    'mkate'
    >>> words.inverted().lookup("mkate")[0].target
    'bread'

    Raises:
        InputError: a wrong name, or a lexicon of other languages.
        UnavailableError: there is none, and what was tried.
    """
    from data.load import load_lexicon

    return load_lexicon(language(source), language(target), name=name, **options)


def evaluate(lang: str, **options: Any) -> Evaluation:
    """Prompt a model to translate a test set and score it beside copying and glossing; `icl`.

        evaluation = kl.evaluate("sw", shots=1, limit=100)
        evaluation.results[0].score("chrF++").low
        evaluation.plot().save("swahili.svg")

    Args:
        lang: any code or name; several with commas.
        options: those of `python -m icl.eval`: shots, limit, model, base_url, test_set, out ...

    Returns:
        `.results` (scores with intervals and signatures), `.folder`, `.notes`. The same call goes
        on where an earlier one was stopped, and costs nothing once it is done.
    """
    from icl.evaluate import evaluate as run
    from icl.options import RunConfig

    return run(_configured(RunConfig, lang=lang, **options))


def translate(sentence: str, lang: str, **options: Any) -> Translation:
    """Translate one sentence by a prompted model, with the shots that were shown; `icl.translate`.

        kl.translate("Ninapenda kusoma vitabu.", "sw", shots=4, model="models/mistral").text

    Args:
        lang: the language that is not English; `direction="en-xx"` translates into it.
    """
    from icl.options import RunConfig
    from icl.translate import open_translator

    return open_translator(_configured(RunConfig, lang=lang, **options)).translate(sentence)


def compare(run_a: str | Path, run_b: str | Path, **options: Any) -> Comparisons:
    """Is run B better than run A? Paired tests by direction and metric; `icl.compare`.

        for test in kl.compare("runs/sw-0", "runs/sw-4"):
            print(test.label, test.difference, test.verdict)

    Args:
        run_a: the folder of a finished run.
        run_b: another, on the same test set.
        options: systems, seed, resamples, trials.
    """
    from icl.pairing import compare as test

    return test(Path(run_a), Path(run_b), **options)


def inflector(lang: str, **options: Any) -> Inflector:
    """Tables, rules and the newest trained model of a language, for many questions; `morph`.

        kl.inflector("tr").paradigm("kitap").to_frame()

    Args:
        options: table, columns (a file of triples in place of the tables at hand), model, newest,
            beam, offline ...
    """
    from morph.inflect import Inflector as Loaded

    access = Access(offline=options.pop("offline", False))
    files = ("table", "model")
    given = {
        name: _as("Path", value) if name in files else value for name, value in options.items()
    }
    return Loaded.load(lang, access=access, **given)


def analyser(lang: str, **options: Any) -> Analyser:
    """Opens what analyses a language's forms, tables first; `morph.analyse`.

        kl.analyser("sw").analyse("alitembea")

    Args:
        options: table, columns, skip_bad, model (a run of `morph.train --way-back`), newest,
            offline.
    """
    from morph.analyse import Analyser as Loaded

    access = Access(offline=options.pop("offline", False))
    files = ("table", "model")
    given = {name: _as("Path", one) if name in files else one for name, one in options.items()}
    return Loaded.load(lang, access=access, **given)


def inflect(lang: str, lemma: str, features: str, **options: Any) -> Answer:
    """The form of a lemma for a UniMorph bundle, who says so and how sure that is; `morph.inflect`.

    For many questions open `inflector(lang)` once.
    """
    return inflector(lang, **options).inflect(lemma, features)


def synthesize(lang: str, input: str | Path, **options: Any) -> Synthesis:  # noqa: A002  the option's name
    """Text or labels in a language from English and a lexicon; `lexaug.synthesize`.

        kl.synthesize("wo", "news.en.txt", mode="parallel", out="runs/wo").to_frame()

    Args:
        input: a file, `sample`, or a corpus of the catalog such as `lafand:train`.
        options: mode, lexicon, limit, out ... as `python -m lexaug.synthesize --help` lists them.
    """
    from lexaug.config import SynthesisConfig
    from lexaug.synthesize import synthesize as run

    return run(_configured(SynthesisConfig, lang=lang, input=str(input), **options))


def train(langs: str | Sequence[str], out: str | Path, **options: Any) -> Trained:
    """Train an inflection model; `morph.train`.

        kl.train("swa", "runs/swa", source="sigmorphon2023", seconds=600).accuracy["swa"]

    Args:
        langs: a language, or several that are trained jointly.
        options: fields of `morph.recipe.Recipe` (steps, seconds, networks, seed ...) and of
            `morph.recipe.TrainingConfig` (source, train, dev, columns, examples).
    """
    from morph.recipe import Recipe, TrainingConfig
    from morph.run import train_model

    of_recipe = {field.name for field in fields(Recipe)}
    recipe = Recipe(**{name: value for name, value in options.items() if name in of_recipe})
    others = {name: value for name, value in options.items() if name not in of_recipe}
    return train_model(_configured(TrainingConfig, units=langs, recipe=recipe, **others), Path(out))


def pretrain(corpora: str | Sequence[str], objective: str, **options: Any) -> Pretrained:
    """Pretrain or adapt a language model on running text; `training.pretrain`.

        kl.pretrain("lafand:train:sw", "MLM", config="encoder-tiny", tokenizer="train:8000")

    Args:
        corpora: files, or corpora of the catalog.
        objective: MLM, CLM ... as `python -m training.pretrain --help` lists them.
    """
    from training.pretrain import pretrain as run
    from training.pretraining.config import PretrainConfig

    return run(_configured(PretrainConfig, corpora=corpora, objective=objective, **options))


def tag(train: str | Sequence[str], **options: Any) -> Tagged:
    """Train a tagger on one language and score it on others; `training.tag`.

        kl.tag("ewt:train", dev="ewt:dev", test="masakhapos:test:swa", model="runs/encoder").plot()

    Args:
        train: labelled sets, files or of the catalog; dev, test, pseudo ... are options.
    """
    from training.tag import tag as run
    from training.tagging.config import TagConfig

    return run(_configured(TagConfig, train=train, **options))


def classify(train: str | Sequence[str], **options: Any) -> Classified:
    """Train a classifier of texts on one language and score it on others; `training.classify`.

        kl.classify("sib200:train:en", dev="sib200:dev:en", test="sib200:test:sw",
                    model="multilingual-e5-small", freeze="encoder").plot()

    Args:
        train: labelled texts, files or of the catalog; dev, test, shots ... are options.
    """
    from training.classification.config import ClassifyConfig
    from training.classify import classify as run

    return run(_configured(ClassifyConfig, train=train, **options))


def train_nlu(train: str | Sequence[str], **options: Any) -> TrainedNlu:
    """Train intents and slots on one language and score them on others; `nlu.train`.

        kl.train_nlu("xsid:train", dev="xsid:dev:en", test="xsid:test:de", steps=280,
                     model="multilingual-e5-small", freeze=4).plot()

    Args:
        train: utterances, files or of the catalog; dev, test, switch ... are options.
    """
    from nlu.config import NluConfig
    from nlu.train import train as run

    return run(_configured(NluConfig, train=train, **options))


def train_translator(pairs: str | Sequence[str], **options: Any) -> TrainedTranslator:
    """Train a translator of one's own on translations and score it; `training.translate`.

        kl.train_translator("lafand:train:sw", dev="lafand:dev:sw", test="ntrex-128:test:sw",
                            config="m2m-small", tokenizer="train:8000").plot()

    Args:
        pairs: translations, files or of the catalog; lexicon, dev, test ... are options.
    """
    from training.translate import train_translator as run
    from training.translation.config import TranslatorConfig

    return run(_configured(TranslatorConfig, pairs=pairs, **options))


def audit(model: str | Path, members: str | Sequence[str] = (), **options: Any) -> Audited:
    """What of its training data a model gives away when it is attacked; `trust.audit`.

        kl.audit("runs/nlu-1f2e", "train.tsv", others="held-out.tsv", shadows=8).plot()

    Args:
        model: the folder of a run.
        members: records that it was trained on.
        options: others, canaries, attacks, shadows ... as `python -m trust.audit --help` says.
    """
    from trust.audit import audit as run
    from trust.config import Audit

    config = _configured(Audit, model=str(model), members=members, **options)
    return run(config, Access(offline=config.offline))


def federate(task: str = "intents", train: str | Sequence[str] = (), **options: Any) -> Federated:
    """A model that clients train together, each on what only it has; `trust.federated`.

        kl.federate("topics", model="multilingual-e5-small", freeze="encoder",
                    partition="language", select="activity").plot()

    Args:
        task: intents, pos, topics, lm or inflection.
        train: examples of all clients; by default the task's own, in several languages.
        options: partition, clients, server ... as `python -m trust.federated --help` says.
    """
    from trust.federated import federate as run
    from trust.federation.config import Federated

    config = _configured(Federated, task=task, train=train, **options)
    return run(config, Access(offline=config.offline))


def fairness(model: str | Path, **options: Any) -> Measured:
    """What a model associates, and whom it serves worse; `trust.fairness`.

        kl.fairness("runs/nlu-1f2e", measures=("gaps", "flips")).to_frame()

    Args:
        model: the folder of a run, or a model.
        options: measures, lists, corpus, texts ... as `python -m trust.fairness --help` says.
    """
    from trust.fairness.__main__ import fairness as run
    from trust.fairness.config import Fairness

    config = _configured(Fairness, model=str(model), **options)
    return run(config, Access(offline=config.offline))


def encoder(name: str = "multilingual-e5-small", **options: Any) -> Encoder:
    """Sentences as vectors; `models.encoder`.

        kl.encoder().encode(["Mvua inanyesha.", "It is raining."])  # (2, 384), of length 1

    Args:
        name: a name of the catalog, a folder, a hub id at a commit.
        options: prefix, device, dtype, offline.
    """
    from models.encoder import open_encoder

    return open_encoder(name, access=Access(offline=options.pop("offline", False)), **options)


def retrieve(corpus: str | Sequence[str], lang: str = "all", **options: Any) -> Retrieved:
    """Does a sentence lie nearest to its translation? `probe.retrieve`.

        kl.retrieve("tatoeba", "swh,amh", layers="all").averages

    Args:
        corpus: tatoeba, sib200, ntrex-128 ...
        options: model, layers, measures, limit, out ... as `python -m probe.retrieve --help` says.
    """
    from probe.retrieve import Retrieval
    from probe.retrieve import retrieve as run

    config = _configured(Retrieval, corpus=corpus, lang=lang, **options)
    return run(config, Access(offline=config.offline))


def cost(model: str | Sequence[str] = "multilingual-e5-small", **options: Any) -> Costs:
    """How many pieces languages take beside English under a tokenizer; `probe.cost`.

        kl.cost("runs/tokenizer/tokenizer.json", lang="swh,amh").languages

    Args:
        model: catalog names, folders, tokenizer.json files, hub ids.
        options: corpus, lang, limit, out ... as `python -m probe.cost --help` says.
    """
    from probe.cost import Cost
    from probe.cost import cost as run

    config = _configured(Cost, model=model, **options)
    return run(config, Access(offline=config.offline))


def _configured(kind: type[Config], /, **options: Any) -> Config:
    """A room's configuration from options as a notebook has them: a text may be a path or a list.

    >>> from lexaug.config import SynthesisConfig
    >>> _configured(SynthesisConfig, lang="sw", input="sample", out="runs/x").out.name
    'x'
    >>> _configured(SynthesisConfig, lang="sw", input="sample", modus="mono")
    Traceback (most recent call last):
    ...
    data.errors.InputError: modus=: no such option (did you mean mode?)
    """
    types = {field.name: str(field.type) for field in fields(kind)}  # type: ignore[arg-type]
    for name in options:
        if name not in types:
            raise InputError(f"{name}=: no such option{did_you_mean(name, types)}")
    return kind(**{name: _as(types[name], value) for name, value in options.items()})


def _as(kind: str, value: Any) -> Any:
    """A value for a field whose type is written so.

    >>> _as("tuple[str, ...]", "ewt:train"), _as("tuple[str, ...]", ["a", "b"]), _as("int", 3)
    (('ewt:train',), ('a', 'b'), 3)
    """
    if kind.startswith("tuple"):
        return (value,) if isinstance(value, str) else value if value is None else tuple(value)
    return Path(value) if kind.startswith("Path") and isinstance(value, str) else value
