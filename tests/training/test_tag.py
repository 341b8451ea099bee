"""Tagging end to end with models of two layers: it learns, transfers, resumes, and says so."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from data.access import Access
from data.errors import InputError
from data.tagged import read_tagged
from tests.training.tagged_texts import (
    ENGLISH,
    SWAHILI,
    labelled,
    options,
    tokenizer_folder,
    write,
)
from training.tag import Tagged, main, tag
from training.tagging.config import TagConfig
from training.tagging.run import finish, prepare, train


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tokenizer_folder(tmp_path_factory.mktemp("tokenizer"))


def run(folder: Path, pieces: Path, **more: Any) -> Tagged:
    return tag(TagConfig(**options(folder, pieces, **more)))


def value(done: Tagged, system: str, test: int = 0) -> float:
    tests = list(dict.fromkeys(one["test"] for one in done.told["results"]))
    found = [o for o in done.told["results"] if (o["test"], o["system"]) == (tests[test], system)]
    return float(found[0]["score"]["value"])


def test_it_learns_saves_and_opens_with_transformers(tokenizer: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    english = write(tmp_path / "en-test.txt", labelled(ENGLISH, 40, seed=9))
    done = run(tmp_path, tokenizer, test=(english,), evaluate_every=20, patience=9)
    assert value(done, "model") > 99
    assert done.told["training"]["dev"]["accuracy"] > 99
    model = AutoModelForTokenClassification.from_pretrained(done.model)
    ids = AutoTokenizer.from_pretrained(done.model)("the dog", return_tensors="pt")
    with torch.inference_mode():
        best = model(**ids).logits[0, 1].argmax().item()
    assert model.config.id2label[best] == "DET"
    labels = {row["label"]: row for row in done.told["results"][0]["labels"]}
    gold = [tag for one in read_tagged(Path(english)) for tag in one.tags]
    assert {name: row["gold"] for name, row in labels.items()} == {t: gold.count(t) for t in labels}
    [path] = (done.folder / "predictions").iterdir()
    assert len(list(read_tagged(path))) == len(list(read_tagged(Path(english))))
    assert "F1 NOUN" in (done.folder / "report.html").read_text("utf-8")


def test_pseudo_labels_teach_another_language_and_the_baseline_stands_beside(
    tokenizer: Path, tmp_path: Path
) -> None:
    """English alone knows no Swahili word; pseudo-labelled text has them all."""
    plain = run(tmp_path, tokenizer)
    made = write(tmp_path / "made.txt", labelled(SWAHILI, 200, seed=5))
    taught = run(tmp_path, tokenizer, pseudo=(made,), out=tmp_path / "taught")
    assert value(taught, "model") > 99
    assert value(taught, "model") > value(plain, "model") + 20
    assert value(taught, "most frequent label of each word") > 99
    told = {one["role"]: one for one in taught.told["data"]}
    assert told["pseudo"]["dropped"], "short sentences of the test set stand in it too"
    assert told["pseudo"]["sentences"] + sum(told["pseudo"]["dropped"].values()) == 200


def test_a_teacher_relabels_what_a_lexicon_got_wrong(tokenizer: Path, tmp_path: Path) -> None:
    teacher = run(
        tmp_path, tokenizer, train=(write(tmp_path / "sw.txt", labelled(SWAHILI, 200, seed=7)),)
    )
    wrong = [
        one.__class__(one.id, one.tokens, tuple("NOUN" if t == "VERB" else t for t in one.tags))
        for one in labelled(SWAHILI, 200, seed=5)
    ]
    made = write(tmp_path / "wrong.txt", wrong)
    misled = run(tmp_path, tokenizer, pseudo=(made,), out=tmp_path / "misled")
    distilled = run(
        tmp_path,
        tokenizer,
        pseudo=(made,),
        teacher=str(teacher.folder),
        out=tmp_path / "distilled",
    )
    assert value(distilled, "model") > 99 > value(misled, "model") + 15
    told = next(one for one in distilled.told["data"] if one["role"] == "pseudo")
    changed = told["dropped"]["label changed by the teacher"]
    assert changed == pytest.approx(told["sentences"], rel=0.02), "a verb a sentence"
    agreed = run(
        tmp_path,
        tokenizer,
        pseudo=(made,),
        teacher=str(teacher.folder),
        distil="agree",
        agreement=0.99,
        out=tmp_path / "agreed",
    )
    told = next(one for one in agreed.told["data"] if one["role"] == "pseudo")
    assert told["dropped"]["sentence on less than 0.99 of whose words the teacher agrees"] >= 150


def test_a_teacher_labels_text_that_has_no_labels(tokenizer: Path, tmp_path: Path) -> None:
    """Its own labels are not read, not even of another scheme; pseudo labels may stay."""
    sentences = labelled(SWAHILI, 200, seed=7)
    teacher = run(tmp_path, tokenizer, train=(write(tmp_path / "sw.txt", sentences),))
    bare = [one.__class__(one.id, one.tokens, ("O",) * len(one.tokens)) for one in sentences]
    more = {"unlabelled": (write(tmp_path / "bare.txt", bare),), "teacher": str(teacher.folder)}
    done = run(tmp_path, tokenizer, out=tmp_path / "done", **more)
    assert value(done, "model") > 99
    with pytest.raises(InputError, match=r"--unlabelled needs --teacher"):
        run(tmp_path, tokenizer, unlabelled=more["unlabelled"])


def test_a_teacher_labels_what_the_updates_reach(tokenizer: Path, tmp_path: Path) -> None:
    """To the same weights as if it had labelled all, and no other sentence counts for anything."""
    from training.tagging.tagger import load_tagger

    own = (write(tmp_path / "own.txt", labelled(SWAHILI, 40, seed=1)),)
    teacher = run(tmp_path, tokenizer, train=own, out=tmp_path / "teacher")
    bare = labelled(SWAHILI, 300, seed=7)
    few: dict[str, Any] = {"train": own, "steps": 2, "batch_tokens": 128}
    given = {"unlabelled": (write(tmp_path / "bare.txt", bare),), "teacher": str(teacher.folder)}
    done = run(tmp_path, tokenizer, **few, **given, out=tmp_path / "done")
    [path] = (done.folder / "distilled").glob("*.txt")
    reached = list(read_tagged(path))
    assert 0 < len(reached) < 60
    tags = load_tagger(str(teacher.folder)).tag([one.tokens for one in bare])
    every = [one.__class__(one.id, one.tokens, tuple(t)) for one, t in zip(bare, tags, strict=True)]
    whole = (write(tmp_path / "whole.txt", every),)
    other = run(tmp_path, tokenizer, **few, pseudo=whole, out=tmp_path / "other")
    files = [one.folder / "model" / "model.safetensors" for one in (done, other)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_names_are_scored_as_spans(tokenizer: Path, tmp_path: Path) -> None:
    from data.tagged import TaggedSentence

    def named(number: int) -> list[TaggedSentence]:
        return [
            TaggedSentence(
                str(n), ("mwalimu", "mbwa", "anaona", w), ("B-PER", "I-PER", "O", "B-LOC")
            )
            for n, w in zip(range(number), ("mto", "soko") * number, strict=False)
        ]

    train, test = write(tmp_path / "t.txt", named(30)), write(tmp_path / "u.txt", labelled_names())
    done = run(tmp_path, tokenizer, train=(train,), dev=None, test=(test,))
    score = done.told["results"][0]["score"]
    assert (score["name"], score["value"], score["n"]) == ("span F1", 100.0, 2)
    assert [row["label"] for row in done.told["results"][0]["labels"]] == ["LOC", "PER"]


def labelled_names() -> list[Any]:
    from data.tagged import TaggedSentence

    words = ("mwalimu", "mbwa", "anaona", "mto", "leo")
    return [TaggedSentence("1", (*words[:4], "anaona"), ("B-PER", "I-PER", "O", "B-LOC", "O"))]


def test_what_a_reader_must_know_is_noted(tokenizer: Path, tmp_path: Path) -> None:
    from data.tagged import TaggedSentence

    odd = TaggedSentence("1", ("mbwa", "ngw'a"), ("NOUN", "INTJ"))
    test = write(tmp_path / "odd.txt", [*labelled(SWAHILI, 30, seed=3), odd])
    done = run(tmp_path, tokenizer, test=(test,), steps=1)
    assert any("has labels that training has not: INTJ" in note for note in done.told["notes"])
    report = (done.folder / "report.html").read_text("utf-8")
    assert "has labels that training has not: INTJ" in report


def test_an_encoder_that_saw_the_test_set_is_named(tmp_path: Path) -> None:
    from tests.training.texts import options as text_options
    from tests.training.texts import write_corpus
    from training.pretrain import pretrain
    from training.pretraining.config import PretrainConfig

    corpus = write_corpus(tmp_path / "text.txt")
    encoder = pretrain(PretrainConfig(**text_options(corpus, tmp_path / "encoder", steps=2)))
    more = {"model": str(encoder.folder), "config": None, "tokenizer": None, "steps": 2}
    done = run(tmp_path, Path(), **more)
    assert any("was pretrained without keeping out" in note for note in done.told["notes"])


COMMAND = (
    "--train {0}/en.txt --dev {0}/en-dev.txt --test {0}/sw-test.txt --config encoder-nano"
    " --tokenizer {1} --steps {3} --learning-rate 0.01 --batch-tokens 256 --length 32"
    " --checkpoint-every 10 --evaluate-every 25 --device cpu --out {2}"
)


def test_a_killed_run_goes_on_to_the_same_bytes(tokenizer: Path, tmp_path: Path) -> None:
    options(tmp_path, tokenizer)

    def start(out: Path) -> subprocess.Popen[bytes]:
        words = shlex.split(COMMAND.format(tmp_path, tokenizer, out, 150))
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "training.tag", *words]
        return subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)

    whole, killed = tmp_path / "whole" / "run", tmp_path / "killed" / "run"
    assert start(whole).wait() == 0
    process = start(killed)
    while process.poll() is None and not (killed / "checkpoints" / "step-00000020").exists():
        if any(int(p.name[5:]) >= 10 for p in (killed / "checkpoints").glob("step-*[0-9]")):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "scores.json").exists()
    assert start(killed).wait() == 0
    for path in sorted(whole.rglob("*")):
        name = path.relative_to(whole)
        if path.is_file() and path.name not in ("timing.jsonl", "seconds.json"):
            one, other = path.read_bytes(), (killed / name).read_bytes()
            assert other.replace(b"/killed/", b"/whole/") == one, name


def test_the_command_line(
    tokenizer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options(tmp_path, tokenizer)
    out = tmp_path / "run"
    words = shlex.split(COMMAND.format(tmp_path, tokenizer, out, 4))
    assert main(words) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{out / 'model'}\n"
    assert "sw-test.txt, most frequent label of each word: token accuracy" in shown.err
    assert json.loads((out / "config.json").read_text("utf-8"))["run"]["steps"] == 4
    assert main([*words, "--seed", "2"]) == 2
    assert "holds another run (it differs in seed: 1, now 2)" in capsys.readouterr().err
    assert main(["--train", "ewt:train", "--model", "x", "--steps", "1", "--patience", "2"]) == 2
    assert "--evaluate-every and --patience need --dev" in capsys.readouterr().err
    assert main([*words[:-1], str(tmp_path / "t"), "--teacher", "x"]) == 2
    assert "--teacher sees to the labels of --pseudo and --unlabelled" in capsys.readouterr().err


def test_a_run_that_made_nothing_does_not_hold_its_folder(
    tokenizer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options(tmp_path, tokenizer)
    out = tmp_path / "run"
    words = shlex.split(COMMAND.format(tmp_path, tokenizer, out, 2))
    assert main([*words, "--steps", "9999", "--time-budget", "0.001s"]) == 2
    assert "not one update fits" in capsys.readouterr().err
    assert main(words) == 0
    assert json.loads((out / "config.json").read_text("utf-8"))["run"]["steps"] == 2


@pytest.mark.parametrize("config", ['{"run": {"systems": []}}', None])
def test_a_users_files_in_the_folder_are_not_touched(
    config: str | None, tokenizer: Path, tmp_path: Path
) -> None:
    """Another command's run is none of this one, nor is a model of nobody knows which."""
    out = tmp_path / "run"
    (out / "model").mkdir(parents=True)
    if config:
        (out / "config.json").write_text(config, "utf-8")
    names = sorted(one.name for one in out.iterdir())
    said = r"of a run of training\.tag" if config else r"run: holds model and no config\.json"
    with pytest.raises(InputError, match=said):
        tag(TagConfig(**{**options(tmp_path, tokenizer), "out": out}))
    assert sorted(one.name for one in out.iterdir()) == sorted([".lock", *names])


def test_an_encoder_that_is_none_is_refused(tokenizer: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such folder or \.gguf file"):
        run(tmp_path, tokenizer, model=str(tmp_path / "none"), config=None, tokenizer=None)
    with pytest.raises(InputError, match=r"--tokenizer .*none: expected a folder with a tokenizer"):
        run(tmp_path, tokenizer, tokenizer=str(tmp_path / "none"))


def test_help_is_quick_because_it_loads_nothing() -> None:
    code = (
        "import sys; from training.tag import main; main(['--help']); "
        "sys.exit(len({'torch', 'transformers', 'numpy', 'accelerate'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--teacher FOLDER" in done.stdout


def test_a_folder_removed_under_a_run_is_noticed(tokenizer: Path, tmp_path: Path) -> None:
    """One line, and nothing of the folder comes back."""
    from data.errors import UnavailableError

    asked = TagConfig(**options(tmp_path, tokenizer, steps=3))
    with prepare(asked, Access()) as prepared:
        fitted = train(prepared)
        shutil.rmtree(asked.out)  # type: ignore[arg-type]
        gone = r"run: was removed, or what was in it, while the"
        with pytest.raises(UnavailableError, match=gone):
            finish(prepared, fitted, "a command")
    assert not (tmp_path / "run").exists()


def test_a_model_below_its_baseline_is_named(tokenizer: Path, tmp_path: Path) -> None:
    """One update teaches nothing; the most frequent label of each word knows them all."""
    english = write(tmp_path / "en-test.txt", labelled(ENGLISH, 40, seed=9))
    done = run(tmp_path, tokenizer, test=(english,), steps=1)
    model, free = value(done, "model"), value(done, "most frequent label of each word")
    assert model < free
    told = f"en-test.txt: {model:.1f} is below the baseline's {free:.1f} (most frequent label of"
    assert any(told in note for note in done.told["notes"])
    good = run(tmp_path, tokenizer, test=(english,), out=tmp_path / "good")
    assert not any("below the baseline" in note for note in good.told["notes"])


def test_what_a_run_tells(tokenizer: Path, tmp_path: Path) -> None:
    done = run(tmp_path, tokenizer, steps=3)
    dev = done.told["training"].pop("dev")
    assert done.told["training"] == {"steps": 3, "of": 3, "ended": "steps", "best_step": None}
    assert list(dev) == ["accuracy"]
    assert done.told["scheme"] == "pos"
    model, free = (one["score"]["signature"].split("|") for one in done.told["results"])
    [digest] = [part for part in model if part.startswith("sha256:")]
    assert len(digest) == len("sha256:") + 16
    assert digest in free
    assert "model:run" in model
    assert not any(part.startswith("model:") for part in free)
    roles = {one["role"]: one for one in done.told["data"]}
    assert set(roles) == {"train", "dev", "test"}
    assert (roles["train"]["sentences"], roles["train"]["repaired"]) == (300, {})
    assert roles["train"]["dropped"] == {}
    [written] = (done.folder / "predictions").iterdir()
    blocks = written.read_text("utf-8").rstrip("\n").split("\n\n")
    assert len(blocks) == done.told["results"][0]["sentences"]
    assert {line.split()[-1] for block in blocks for line in block.split("\n")} <= {
        "ADV",
        "DET",
        "NOUN",
        "PUNCT",
        "VERB",
    }
    settings = json.loads((done.folder / "config.json").read_text("utf-8"))["run"]
    assert {"train", "dev", "test", "keep_out", "tokenizer", "learning_rate"} <= set(settings)
    assert settings["train"][0]["sentences"] == 300
    assert len(settings["train"][0]["sha256"]) == len(settings["keep_out"][-1]["sha256"]) == 64
    card = (done.model / "README.md").read_text("utf-8")
    assert "Labels words (pos: ADV, DET, NOUN, PUNCT, VERB). Trained from encoder-nano." in card
    assert f"| {tmp_path}/en.txt | not stated | by people | 300 |" in card


def test_another_tokenizer_is_another_run(tokenizer: Path, tmp_path: Path) -> None:
    run(tmp_path, tokenizer, steps=1)
    other = Path(shutil.copytree(tokenizer, tmp_path / "other"))
    made = json.loads((other / "tokenizer.json").read_text("utf-8"))
    (other / "tokenizer.json").write_text(json.dumps(made), "utf-8")
    with pytest.raises(InputError, match=r"holds another run \(it differs in tokenizer: "):
        run(tmp_path, other, steps=1)
