"""Inflection through fairseq: what the model reads, what is refused, and one model trained."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError, UnavailableError
from data.files import sha256_text
from data.randomness import stream
from data.unimorph import Triple
from morph import fairseq as fairseq_module
from morph.fairseq import (
    FairseqSettings,
    FairseqTransducer,
    generation,
    train_through_fairseq,
    train_with_fairseq,
    training,
)
from morph.fairseq_text import PLACEHOLDERS, form, hidden, source_tokens, target_tokens
from morph.recipe import Recipe, TrainingConfig
from morph.train import main as train_command
from training.fairseq import interpreter, read_binarised

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SUBJECTS = {"1;SG": "ni", "2;SG": "u", "3;SG": "a"}
TENSES = {"PRS": "na", "PST": "li", "FUT": "ta"}


def stems(number: int) -> list[str]:
    """Made-up stems, of one or two syllables and a consonant: `kol`, `sepin`."""
    draw = stream(1, "stems")
    syllables = ["".join(pair) for pair in product("bdfgklmnprstvz", "aeiou")]
    return [
        "".join(draw.choices(syllables, k=draw.randint(1, 2))) + draw.choice("dklmnpst")
        for _ in range(number)
    ]


def verbs(roots: list[str]) -> list[Triple]:
    """Swahili verbs by rule: a subject, a tense and the stem; the infinitive has ku-."""
    return [
        Triple(f"ku {root}a", f"V;{tense};{person}", f"{SUBJECTS[person]}{TENSES[tense]}{root}a")
        for root, tense, person in product(roots, TENSES, SUBJECTS)
    ]


@settings(deadline=None)
@given(TEXT, TEXT, st.frozensets(st.characters(), max_size=6))
def test_what_a_model_reads_can_be_put_back(lemma: str, text: str, known: frozenset[str]) -> None:
    tokens, unknown = source_tokens(lemma, "", known)
    assert not any(one in PLACEHOLDERS for one in tokens if set(lemma) <= known)
    assert form(tokens, unknown) == lemma
    assert form(target_tokens(text, unknown), unknown) == text
    places = hidden(lemma, text, stream(1, lemma))
    assert len(places) == 8
    assert form(target_tokens(text, places), places) == text


def test_a_placeholder_for_nothing_is_left_out() -> None:
    assert form(["a", "<new2>", "<new1>", "▁", "<unk>"], ("ñ",)) == "añ <unk>"


@pytest.fixture
def untrained(tmp_path: Path) -> FairseqTransducer:
    """A folder as training leaves it, but for the checkpoint, which nothing here opens."""
    (tmp_path / "checkpoint.pt").write_text("weights", "utf-8")
    config = {
        "engine": "fairseq",
        "language": "swa",
        "settings": {},
        "features": ["V", "PST", "PRS", "3", "SG"],
        "characters": list("abeiklmostu "),
        "checkpoint": "checkpoint.pt",
        "sha256": sha256_text("weights"),
    }
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    return FairseqTransducer.load(tmp_path)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            ("soma", "V;PSST"),
            "soma V;PSST: expected features of the training data, found PSST; the",
        ),
        (
            ("читать", "V;PST"),
            r'"читать": expected the script of the training data \(Latn\), found C',
        ),
        (("", "V;PST"), "lemma: expected text, found none; give the word's citation form"),
    ],
)
def test_items_that_the_model_cannot_take(
    untrained: FairseqTransducer, item: tuple[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        untrained.predict([("soma", "V;PST"), item])
    with pytest.raises(InputError, match=r"n_best: expected 1 to 2 \(the beam\), found 3"):
        untrained.predict([("soma", "V;PST")], beam=2, n_best=3)


def test_a_changed_checkpoint_is_never_read(untrained: FairseqTransducer) -> None:
    (untrained.folder / "checkpoint.pt").write_text("others", "utf-8")
    with pytest.raises(
        InputError, match=r"checkpoint.pt: expected the checkpoint that training no"
    ):
        FairseqTransducer.load(untrained.folder)
    (untrained.folder / "config.json").write_text("{}", "utf-8")
    with pytest.raises(InputError, match=r"config.json: expected a model of fairseq's, found anot"):
        FairseqTransducer.load(untrained.folder)


def test_training_refuses_what_it_cannot_use(untrained: FairseqTransducer, tmp_path: Path) -> None:
    triples = verbs(["som"])
    with pytest.raises(InputError, match="have a form, found covered ones; give the file with the"):
        train_with_fairseq([Triple("kusoma", "V;PST", None)], [], tmp_path)
    with pytest.raises(InputError, match="expected a new folder, found a model of other triples"):
        train_with_fairseq(triples, [], untrained.folder)
    with pytest.raises(InputError, match="width: expected a multiple of the 3 heads, found 128"):
        FairseqSettings(heads=3)


@pytest.mark.slow
def test_a_model_learns_a_regular_verb_and_copies_letters_it_never_saw(tmp_path: Path) -> None:
    try:
        interpreter()
    except UnavailableError as error:
        pytest.skip(str(error))
    known = stems(48)
    new = [stem[:-1] + letter for stem, letter in zip(known[44:], "ñŋŵ字", strict=True)]
    train, dev, test = verbs(known[:40]), verbs(known[40:44]), verbs([*known[44:], *new])
    small = FairseqSettings(
        steps=800, layers=1, width=64, batch=32, dropout=0.1, learning_rate=3e-3, hidden=1.0
    )
    model = train_with_fairseq(train, dev, tmp_path, small, language="swa")
    assert model.characters >= set("kusolim ")
    items = [(one.lemma, one.features) for one in test]
    found = model.predict(items, beam=3, n_best=2)
    assert all(len(best) == 2 and best[0].score >= best[1].score for best in found)
    right = [best[0].form == one.form for best, one in zip(found, test, strict=True)]
    assert sum(right[:36]) >= 27
    assert sum(right[36:]) >= 27  # each with a letter that no training pair has
    again = train_with_fairseq(train, dev, tmp_path, small, language="swa")
    assert again.predict(items, beam=3, n_best=2, batch_size=5) == found


class Fairseq:
    """In place of fairseq's programs: a checkpoint of nothing, hypotheses that copy the source."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commands = list[list[str]]()
        monkeypatch.setattr(fairseq_module, "run_fairseq", self)

    def __call__(self, command: list[str], *, output: Path, log: Path, threads: int) -> None:
        self.commands.append(list(command))
        log.write_text(f"threads {threads}")
        if command[0] == "fairseq-train":
            output.write_text("")
            folder = Path(command[command.index("--save-dir") + 1])
            folder.mkdir()
            for name in ("best", "last"):
                (folder / f"checkpoint_{name}.pt").write_text(name)
            return
        data = Path(command[1])
        lines = (data / "dict.lemma.txt").read_text("utf-8").splitlines()
        symbols = ["", "", "", "<unk>", *(line.split(" ")[0] for line in lines)]
        told = ""
        for number, ids in enumerate(read_binarised(data / "test.lemma-form.lemma")):
            words = [symbols[n] for n in ids[:-1] if not symbols[n].startswith("[")]
            for score in range(int(command[command.index("--nbest") + 1])):
                told += f"H-{number}\t-{score}\t{' '.join(words)}\nP-{number}\t-{score} 0\n"
        output.write_text(told, "utf-8")


def test_a_model_is_trained_once_and_asked_for_all_items(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fairseq, train, dev = Fairseq(monkeypatch), verbs(["kol", "sepin"]), verbs(["bad"])
    settings = FairseqSettings(steps=50, batch=6, hidden=1.0, threads=2)
    model = train_with_fairseq(train, dev, tmp_path, settings, language="swa")
    assert (model.language, model.settings, model.scripts) == ("swa", settings, {"Latn"})
    assert model.features == {"V", "PRS", "PST", "FUT", "1", "2", "3", "SG"}
    assert model.characters == set("kolsepina utl")
    # Each of the 18 triples, and each once more with characters hidden; fairseq sees all of them.
    sentences = (tmp_path / "text" / "train.lemma").read_text("utf-8").splitlines()
    assert (len(sentences), sum("<new" in line for line in sentences)) == (36, 36 // 2)
    assert sentences[0] == "[V] [PRS] [1] [SG] k u ▁ k o l a"
    assert len((tmp_path / "text" / "valid.lemma").read_text("utf-8").splitlines()) == 9
    [command] = fairseq.commands
    assert command == list(training(tmp_path, 36, settings, dev=True))
    assert (tmp_path / "fairseq-train.log").read_text() == "threads 2"
    told = json.loads((tmp_path / "config.json").read_text("utf-8"))
    assert told["checkpoint"] == "checkpoints/checkpoint_best.pt"
    assert told["sha256"] == sha256_text("best")
    assert (told["triples"]["train"], told["triples"]["dev"]) == (18, 9)

    assert model.predict([]) == []
    items = [("ku kola", "V;PST;3;SG"), ("ku ñola", "V;PST;3;SG")]
    found = model.predict(items, beam=3, n_best=2, batch_size=7)
    assert [[one.form for one in best] for best in found] == [["ku kola"] * 2, ["ku ñola"] * 2]
    assert [one.score for one in found[0]] == [0.0, pytest.approx(-0.6931, abs=1e-4)]
    command = fairseq.commands[-1]
    data = Path(command[1])
    checkpoint = tmp_path / "checkpoints/checkpoint_best.pt"
    how = {"beam": 3, "n_best": 2, "batch_size": 7}
    assert command == list(generation(data, checkpoint, settings, **how))
    again = train_with_fairseq(train, dev, tmp_path, settings, language="swa")
    assert again.config == model.config
    assert [one[0] for one in fairseq.commands] == ["fairseq-train", "fairseq-generate"]


def test_a_run_that_was_killed_begins_again_and_without_dev_the_last_model_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fairseq, train = Fairseq(monkeypatch), verbs(["kol"])
    settings = FairseqSettings(steps=5, hidden=0.0)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fairseq_module, "run_fairseq", killed)
    with pytest.raises(KeyboardInterrupt):
        train_with_fairseq(train, [], tmp_path, settings)
    with pytest.raises(InputError, match="expected a model that train_with_fairseq finished"):
        FairseqTransducer.load(tmp_path)
    with pytest.raises(InputError, match="expected a model that train_with_fairseq finished"):
        FairseqTransducer.load(tmp_path / "none")
    monkeypatch.setattr(fairseq_module, "run_fairseq", fairseq)
    model = train_with_fairseq(train, [], tmp_path, settings)
    assert model.config["checkpoint"] == "checkpoints/checkpoint_last.pt"
    lines = (tmp_path / "text" / "train.lemma").read_text("utf-8").splitlines()
    assert len(lines) == 9, "none is given a second time"
    assert not (tmp_path / "text" / "valid.lemma").exists()
    assert "--disable-validation" in fairseq.commands[0]


def test_the_options_of_a_recipe() -> None:
    """36 triples are six batches an epoch; a tenth of 600 updates is ten epochs."""
    settings = FairseqSettings(
        steps=600, seconds=1800, layers=3, width=64, heads=2, batch=6, warmup=0.1, seed=9
    )
    found = " ".join(training(Path("run"), 36, settings, dev=True))
    for told in (
        "fairseq-train run/data-bin --task translation --source-lang lemma --target-lang form",
        "--arch transformer --share-all-embeddings",
        "--encoder-layers 3 --encoder-normalize-before --encoder-embed-dim 64",
        "--encoder-ffn-embed-dim 256 --encoder-attention-heads 2",
        "--decoder-layers 3 --decoder-normalize-before --decoder-embed-dim 64",
        "--decoder-ffn-embed-dim 256 --decoder-attention-heads 2 --dropout 0.2",
        "--label-smoothing 0.1 --clip-norm 1.0 --optimizer adam --adam-betas (0.9, 0.98)",
        "--lr 0.001 --lr-scheduler polynomial_decay --warmup-updates 60 --total-num-update 600",
        "--batch-size 6 --required-batch-size-multiple 1",
        "--seed 9 --max-update 600 --stop-time-hours=0.5 --save-dir run/checkpoints",
        "--save-interval 10 --validate-interval 10 --cpu",
    ):
        assert told in found
    assert "--disable-validation" not in found
    few = " ".join(training(Path("run"), 37, FairseqSettings(steps=7, batch=6), dev=False))
    assert "--save-interval 1 --validate-interval 1 --disable-validation" in few
    assert "--stop-time-hours" not in few
    on_gpu = FairseqSettings(device="cuda")
    assert "--cpu" not in training(Path("run"), 9, on_gpu, dev=True)
    found = " ".join(generation(Path("d"), Path("c.pt"), on_gpu, beam=4, n_best=2, batch_size=8))
    assert found == (
        "fairseq-generate d --task translation --source-lang lemma --target-lang form --path c.pt"
        " --gen-subset test --beam 4 --nbest 2 --unnormalized --max-len-a 2 --max-len-b 20"
        " --batch-size 8 --required-batch-size-multiple 1 --num-workers 0 --no-progress-bar"
    )


@pytest.mark.parametrize("name", ["steps", "layers", "width", "heads", "batch", "threads"])
def test_none_of_something_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"{name}: expected 1 or more, found 0; raise it"):
        FairseqSettings(**{name: 0})
    assert getattr(FairseqSettings(**{name: 4}), name) == 4


def test_a_run_of_the_command_through_fairseq(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fairseq = Fairseq(monkeypatch)
    for name, roots in (("train", ["kol", "sepin"]), ("dev", ["pol"])):
        rows = (f"{t.lemma}\t{t.form}\t{t.features}\n" for t in verbs(roots))
        (tmp_path / name).write_text("".join(rows), "utf-8")
    files = f"--train {tmp_path / 'train'} --dev {tmp_path / 'dev'} --out {tmp_path / 'run'}"
    asked = f"--lang sw {files} --engine fairseq --steps 30 --batch-size 6 --seed 3"
    assert train_command(asked.split()) == 0
    assert "sw  dev: exact match 0.0" in capsys.readouterr().out
    assert (
        (tmp_path / "run" / "sw.dev")
        .read_text("utf-8")
        .startswith("ku pola\tV;PRS;1;SG\tku pola\n")
    )
    first = fairseq.commands[0]
    for name, value in (("--max-update", "30"), ("--batch-size", "6"), ("--seed", "3")):
        assert first[first.index(name) + 1] == value
    several = TrainingConfig(("sw", "fi"), Recipe())
    going_on = TrainingConfig(("sw",), Recipe(), start=tmp_path)
    for config in (several, going_on):
        with pytest.raises(InputError, match="engine fairseq: expected one language from nothing"):
            train_through_fairseq(config, tmp_path / "other")
