"""What run folders hold, damaged and read back: configurations, answers, journals, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from data.terminal import printable
from tests.fuzz.made import (
    content,
    copied,
    copying_model,
    made,
    pretraining_config,
    synthesis_config,
    tagging_config,
    unfinished,
)
from tests.fuzz.structures import gzipped
from tests.fuzz.target import Target, drain
from tests.fuzz.verdict import Fault, check_page

Read = Callable[[Path], object]


def targets() -> Iterator[Target]:
    """One row a file of each kind of run folder."""
    yield from _translation()
    yield from _synthesis()
    yield from _inflection()
    yield from _training()
    yield from _fairseq()


def _rows(
    room: str,
    name: str,
    read: Read,
    *,
    weight: float = 0.3,
    copy: Callable[[str], Callable[[Path], None]] = copied,
    **files: str,
) -> Iterator[Target]:
    """A row a file of a made folder: `config="config.json"` is the target ROOM-config."""
    for label, file in files.items():
        kind = "jsonl" if file.endswith(".jsonl") else "json"
        yield Target(f"{room}-{label.replace('_', '-')}", kind, content(name, f"run/{file}"), read,
                     file=file, beside=copy(name), weight=weight)  # fmt: skip


def _translation() -> Iterator[Target]:
    yield from _rows(
        "icl/compare",
        "icl",
        _translation_compared,
        config="config.json",
        segments="segments.jsonl",
        scores="scores.json",
    )
    yield from _rows("icl/options", "icl", _translation_options, config="config.json")
    yield from _rows(
        "icl/export",
        "icl",
        _translation_exported,
        weight=0.1,
        config="config.json",
        segments="segments.jsonl",
    )
    yield from _rows("icl/store", "icl", _translation_stored, weight=1, segments="segments.jsonl")
    yield from _rows("icl/timing", "icl", _translation_timed, timing="timing.jsonl")
    yield Target(
        "app/runs-scores",
        "json",
        content("icl", "run/scores.json"),
        _translation_shown,
        file="a/scores.json",
    )
    yield Target(
        "icl/external-scores",
        "text",
        ("0.5\n0.25\n1\n",),
        _translation_scored,
        beside={"b.txt": b"1\n2\n3\n"},
    )


def _translation_compared(path: Path) -> None:
    from icl.compare import CompareConfig, write_comparison
    from icl.pairing import compare_pairings, pair_runs

    other = made("icl") / "run"
    pairings = pair_runs(path.parent, other, ("model", "model"))
    found = compare_pairings(pairings, resamples=100, trials=100)
    config = CompareConfig(path.parent, other, out=path.parent / "out")
    page = write_comparison(config, ("model", "model"), pairings, found)
    check_page(page)


def _translation_exported(path: Path) -> None:
    from icl.export import export

    with copying_model():
        export(path.parent, path.parent / "out")


def _translation_shown(path: Path) -> None:
    from app.results import find_runs

    _, unread = find_runs(path.parent.parent)
    for line in unread:
        if len(line) > 2000 or printable(line) != line:
            raise Fault(line[:3000])


def _translation_stored(path: Path) -> None:
    from icl.store import Store

    with Store(path.parent) as store:
        store.get("a", "b")


def _translation_options(path: Path) -> None:
    from icl.store import read_options

    read_options(path.parent)


def _translation_scored(path: Path) -> None:
    from icl.pairing import pair_runs, with_scores

    other = made("icl") / "run"
    pairing = pair_runs(other, other, ("model", "model"))[0]
    with_scores(pairing, "COMET", path, path.with_name("b.txt")).differences("COMET")


def _translation_timed(path: Path) -> None:
    from icl.system import _timing_lines

    drain(_timing_lines(path))


def _synthesis() -> Iterator[Target]:
    def resumed(name: str, mode: str, path: Path) -> None:
        from lexaug.synthesize import synthesize

        config = synthesis_config(made(name), mode, path.parent)
        check_page(synthesize(config).folder / "coverage.html")

    def read(path: Path) -> None:
        from data.corpus import find_corpus

        drain(find_corpus(str(path.parent)).records(skip_bad=True))

    for name, mode in (("synthesis", "mono"), ("synthesis-tags", "tags")):
        yield from _rows(
            f"lexaug/{name}",
            name,
            partial(resumed, name, mode),
            config="config.json",
            journal="journal.jsonl",
        )
    yield from _rows("data/corpus-run", "synthesis", read, config="config.json")
    for way in ("", "-skipped"):
        for mode, kind, seed in (
            ("mono", "text", "The big dog.\n\u201cA dog\u201d\tsleeps\n"),
            ("tags", "blocks", "The DET\ndog NOUN\n\n"),
        ):
            yield Target(
                f"lexaug/input-{mode}{way}",
                kind,
                (seed,),
                partial(_synthesized, mode, bool(way)),
                weight=0.5,
            )
    yield Target("lexaug/input-gz", "text.gz", (gzipped(b"The big dog sleeps.\n"),), partial(_synthesized, "mono", True),
                 file="a.txt.gz", weight=0.5)  # fmt: skip
    yield Target(
        "lexaug/lexicon",
        "tsv",
        ("big\tkubwa\ndog\tmbwa\nlook after\ttunza\n",),
        _with_lexicon,
        file="l.tsv",
        weight=0.5,
    )


def _synthesized(mode: str, skip_bad: bool, path: Path) -> None:
    from dataclasses import replace

    from lexaug.synthesize import synthesize

    config = synthesis_config(made("synthesis"), mode, path.parent / "out")
    done = synthesize(replace(config, input=str(path), skip_bad=skip_bad))
    check_page(done.folder / "coverage.html")


def _with_lexicon(path: Path) -> None:
    from dataclasses import replace

    from lexaug.synthesize import synthesize

    config = synthesis_config(made("synthesis"), "mono", path.parent / "out")
    check_page(synthesize(replace(config, lexicon=str(path))).folder / "coverage.html")


def _inflection() -> Iterator[Target]:
    dev = "soma\tV;PST;3;SG\talisoma\nsoma\tV;NFIN\tkusoma\nsoma\tV;FUT;3;SG\tatasoma\npika\tV;PST;3;SG\talipika\npika\tV;NFIN\tkupika\npika\tV;FUT;3;SG\tatapika\n"
    covered = "imba\tV;PST;3;SG\nsoma\tV;NFIN\n"
    yield Target(
        "morph/rules",
        "json",
        content("inflection", "rules.json"),
        _inflection_rules,
        file="rules.json",
        weight=0.3,
    )
    yield from _rows(
        "morph/model",
        "inflection",
        _inflection_model,
        config="model/config.json",
        backward="model/backward/config.json",
    )
    yield Target("morph/model-weights", "tensors", content("inflection", "run/model/model-1.safetensors"), _inflection_model,
                 file="model/model-1.safetensors", beside=copied("inflection"), weight=0.2)  # fmt: skip
    yield from _rows(
        "morph/calibration", "inflection", _inflection_calibration, file="model/calibration.json"
    )
    yield Target("morph/evaluate-predictions", "tsv", (dev,), _inflection_evaluated, weight=0.2)
    yield Target("morph/evaluate-gold", "tsv", (dev,), _inflection_gold, weight=0.2)
    yield Target("morph/inflect-input", "tsv", (covered,), _inflection_asked, weight=0.2)
    yield Target("morph/inflect-table", "tsv", (dev,), _inflection_table, weight=0.2)
    yield Target(
        "morph/train-data",
        "tsv",
        (dev,),
        _inflection_trained,
        beside={"dev.tsv": dev.encode()},
        weight=0.5,
    )
    yield Target(
        "morph/submit-covered",
        "tsv",
        (covered,),
        _inflection_submitted,
        weight=0.2,
        file="x.covered.tst",
    )
    yield from _rows("morph/run", "inflection", _trained_on, weight=0.05, config="config.json",
                     state="network-1/checkpoints/step-00000003/state.json", metrics="network-1/metrics.jsonl")  # fmt: skip


def _inflection_rules(path: Path) -> None:
    from morph.rules import Rules

    Rules.load(path).predict("imba", "V;PST;3;SG")


def _inflection_model(path: Path) -> None:
    from morph.transducer import Transducer

    folder = next(p for p in path.parents if p.name == "model")
    Transducer.load(folder).predict([("imba", "V;PST;3;SG")])


def _inflection_calibration(path: Path) -> None:
    from morph.inflect.choice import Calibration

    Calibration.load(path.parent)


def _inflection_evaluated(path: Path) -> None:
    from morph.evaluate.__main__ import main

    gold = made("inflection") / "dev.tsv"
    _run(main, "--gold", gold, "--predictions", path, "--out", path.parent / "out")
    for page in path.parent.glob("out/*.html"):
        check_page(page)


def _inflection_gold(path: Path) -> None:
    from morph.evaluate.__main__ import main

    _run(
        main,
        "--gold",
        path,
        "--predictions",
        made("inflection") / "dev.tsv",
        "--out",
        path.parent / "out",
    )


def _inflection_asked(path: Path) -> None:
    from morph.inflect.__main__ import main

    _run(
        main,
        "--lang",
        "sw",
        "--table",
        made("inflection") / "train.tsv",
        "--no-model",
        "--offline",
        "--input",
        path,
    )


def _inflection_table(path: Path) -> None:
    from morph.inflect.__main__ import main

    _run(main, "--lang", "sw", "--table", path, "--no-model", "--offline", "soma", "V;PST;3;SG")


def _inflection_trained(path: Path) -> None:
    from morph.corpora import load_data

    load_data("sw", train=path, dev=path.with_name("dev.tsv"))


def _inflection_submitted(path: Path) -> None:
    from morph.submit.__main__ import main

    folder = made("inflection")
    _run(main, "--task", "generic", "--covered", path, "--train", folder / "train.tsv", "--rules", "--system", "s",
         "--out", path.parent / "out")  # fmt: skip


def _trained_on(path: Path) -> None:
    from morph.recipe import Recipe, TrainingConfig
    from morph.run import train_model

    out = next(p for p in path.parents if (p / "network-1").is_dir())
    folder = made("inflection")
    recipe = Recipe(
        steps=3, seconds=None, width=16, heads=2, inner=16, batch=8, dropout=0.0, hallucinated=0
    )
    train_model(
        TrainingConfig(("sw",), recipe, train=folder / "train.tsv", dev=folder / "dev.tsv"), out
    )


def _training() -> Iterator[Target]:
    def pretrained(path: Path) -> None:
        from training.pretrain import pretrain

        out = next(p for p in path.parents if (p / "checkpoints").is_dir())
        pretrain(pretraining_config(made("pretraining"), out))

    def tagged(path: Path) -> None:
        from training.tag import tag

        out = next(p for p in path.parents if (p / "checkpoints").is_dir())
        tag(tagging_config(made("tagging"), out))

    def reported(path: Path) -> None:
        from training.report import write_report

        check_page(write_report(path.parent, "A run"))

    folder = "checkpoints/step-00000002"
    yield from _rows("training/pretrain", "pretraining", pretrained, weight=0.05, copy=unfinished, config="config.json", state=f"{folder}/state.json",
                     metrics="metrics.jsonl", timing="timing.jsonl", before="before.json",
                     tokenizer="tokenizer/tokenizer.json", settings="tokenizer/tokenizer_config.json", made="tokenizer/made.json")  # fmt: skip
    yield from _rows("training/pretrain", "pretraining", pretrained, scores="scores.json")
    yield from _rows("training/tag", "tagging", tagged, scores="scores.json")
    yield from _data("pretraining", pretrained)
    yield Target("training/pretrain-tensors", "tensors", content("pretraining", f"run/{folder}/model.safetensors"), pretrained,
                 file=f"{folder}/model.safetensors", beside=unfinished("pretraining"), weight=0.05)  # fmt: skip
    yield from _rows("training/tag", "tagging", tagged, weight=0.05, copy=unfinished, config="config.json", state=f"{folder}/state.json",
                     metrics="metrics.jsonl")  # fmt: skip
    yield from _rows(
        "training/report", "pretraining", reported, metrics="metrics.jsonl", timing="timing.jsonl"
    )


def _data(name: str, read: Read) -> Iterator[Target]:
    """The facts of a corpus in numbers, whose folder is named by what is in it."""

    def seeds() -> list[bytes]:
        return [next((made(name) / "run").glob("data/*/corpus.json")).read_bytes()]

    def moved(path: Path) -> None:
        damaged = path.read_bytes()
        for facts in path.parent.glob("data/*/corpus.json"):
            facts.write_bytes(damaged)
        read(path.parent / "data" / "x")

    def counts(path: Path) -> None:
        for facts in path.parent.glob("data/counts-*.json"):
            facts.write_bytes(path.read_bytes())
        read(path.parent / "data" / "x")

    def counted() -> list[bytes]:
        return [next((made(name) / "run").glob("data/counts-*.json")).read_bytes()]

    yield Target(
        "training/pretrain-corpus",
        "json",
        seeds,
        moved,
        file="corpus.json",
        beside=copied(name),
        weight=0.1,
    )
    yield Target(
        "training/pretrain-counts",
        "json",
        counted,
        counts,
        file="counts.json",
        beside=copied(name),
        weight=0.1,
    )


def _fairseq() -> Iterator[Target]:
    from training.fairseq.formats import Dictionary

    generated = ("S-1\tpaka amelala\nT-1\ta cat sleeps\nH-1\t-0.51\ta cat sleeps\nD-1\t-0.51\ta cat sleeps\nP-1\t-0.1 -0.2 -0.3 -0.4\n"
                 "S-0\tmvua\nH-0\t-1.5\train\nD-0\t-1.5\train\nP-0\t-1.0 -2.0\n2026 | INFO | done\n",)  # fmt: skip
    yield Target(
        "fairseq/dictionary",
        "spaces",
        ("paka 12\nmvua 7\nkubwa 1\n",),
        lambda path: Dictionary.load(path).save(path.with_name("b")),
        file="dict.txt",
    )
    yield Target("fairseq/generated", "tsv", generated, _fairseq_read)
    yield Target("fairseq/text", "text", ("paka amelala\nmvua\n",), _fairseq_text, weight=0.3)
    yield Target(
        "fairseq/index",
        "numbers",
        content("fairseq", "run/data-bin/train.idx"),
        _fairseq_binarised,
        file="data-bin/train.idx",
        beside=copied("fairseq"),
    )
    yield Target(
        "fairseq/numbers",
        "numbers",
        content("fairseq", "run/data-bin/train.bin"),
        _fairseq_binarised,
        file="data-bin/train.bin",
        beside=copied("fairseq"),
        weight=0.3,
    )
    yield from _rows("fairseq/prepare", "fairseq", _fairseq_prepared, record="preparation.json")


def _fairseq_binarised(path: Path) -> None:
    from training.fairseq.formats import read_binarised

    drain(read_binarised(path.parent / "train"))


def _fairseq_read(path: Path) -> None:
    from training.fairseq.generated import read_generated

    for sentence in read_generated(path, allow_missing=True):
        sentence.best  # noqa: B018
    read_generated(path)


def _fairseq_prepared(path: Path) -> None:
    from training.fairseq.__main__ import main

    folder = made("fairseq")
    _run(
        main,
        "prepare",
        "--objective",
        "mlm",
        "--train",
        folder / "train.txt",
        "--valid",
        folder / "valid.txt",
        "--out",
        path.parent,
    )


def _fairseq_text(path: Path) -> None:
    from training.fairseq.__main__ import main

    _run(
        main,
        "prepare",
        "--objective",
        "mlm",
        "--train",
        path,
        "--valid",
        path,
        "--out",
        path.parent / "out",
        "--skip-bad",
    )


def _run(main: Callable[..., int], *arguments: object) -> None:
    from tests.fuzz.commands import run_command

    run_command(main, *map(str, arguments))
