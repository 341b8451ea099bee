"""Federated runs: as central training, in several processes, killed and continued, over periods."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from select import select
from typing import Any

import pytest
import torch

from data.access import Access
from data.bounded import parse_json, read_json
from data.errors import InputError, UnavailableError
from tests.trust.federation.conftest import Small
from training.loop import fit
from trust.federated import federate, main
from trust.federation.client import Work, flat, put, work
from trust.federation.config import Federated
from trust.federation.rounds import Federation
from trust.federation.run import dealt, setting_of
from trust.federation.state import State
from trust.federation.tasks import task_of
from trust.federation.workers import answers_of

CLOSE = {"rtol": 0, "atol": 1e-6}


def rounds(folder: Path) -> list[dict[str, Any]]:
    return [
        parse_json(line, "rounds")
        for line in (folder / "rounds.jsonl").read_text().split("\n")[:-1]
    ]


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a run but its lock and what names the machine."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (".lock", "config.json")
    }


def test_one_client_with_all_data_is_central_training(small: Small, tmp_path: Path) -> None:
    from nlu.config import NluConfig
    from nlu.model import load_nlu
    from nlu.train import train

    opened, examples = small.opened(optimizer="adamw", learning_rate=2e-3)
    every = range(len(examples))
    begun, (_, number) = flat(opened.model), opened.batches(every, 1)
    settings = small.config(optimizer="adamw", learning_rate=2e-3).settings(1, 1)
    answer = work(opened, every, begun, Work(settings, epochs=1, seed=1))
    files = tuple(name.partition("=")[2] for name in small.options["train"])
    done = train(
        NluConfig(
            files, model=small.options["model"], steps=number, learning_rate=2e-3, warmup=0,
            schedule="constant", head_rate=1.0, batch_tokens=64, length=32, out=tmp_path / "nlu",
        )
    )  # fmt: skip
    central = load_nlu(str(done.model), dtype="float32").network
    assert answer.steps == number > 3
    torch.testing.assert_close(begun + answer.update, flat(central), **CLOSE)


@pytest.mark.parametrize("task", ["pos", "topics", "lm", "inflection"])
def test_other_tasks_are_central_training_too(small: Small, tmp_path: Path, task: str) -> None:
    from data.labelled import LabelledText
    from data.tagged import TaggedSentence
    from data.unimorph import Triple
    from trust.examples import Example

    said = [one.content for one in small.material().training][:20]
    contents = {
        "pos": [TaggedSentence(u.id, u.tokens, u.slots) for u in said],
        "topics": [LabelledText(u.text, u.intent) for u in said],
        "lm": [u.text for u in said],
        "inflection": [Triple(u.tokens[1], f"N;{u.tokens[2]}", u.tokens[1] + "s") for u in said],
    }[task]
    examples = [
        Example(f"set#{n}", u.text, "en", content)
        for n, (u, content) in enumerate(zip(said, contents, strict=True))
    ]
    model = small.options["model"] if task in ("pos", "topics") else None
    tokenizer = small.options["model"] if task == "lm" else None
    config = small.config(task=task, model=model, tokenizer=tokenizer)
    opened = task_of(task).open(setting_of(config, tmp_path, Access()), examples)
    begun = flat(opened.model)
    answer = work(opened, range(20), begun, Work(config.settings(1, 1), epochs=1, seed=5))
    put(opened.model, begun)
    batches, number = opened.batches(range(20), 5)
    fit(opened.model, batches, opened.loss, config.settings(number, 5))
    torch.testing.assert_close(begun + answer.update, flat(opened.model), **CLOSE)
    before, after = opened.rows(examples), opened.free(examples)[1]
    assert len(before) == len(after) == 20
    (tmp_path / "model").mkdir()
    opened.save(tmp_path / "model")
    assert any((tmp_path / "model").iterdir())


@pytest.mark.parametrize("server", ["fedavg", "scaffold"])
def test_killed_in_a_round_and_continued_is_the_same_to_the_byte(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    options = {"server": server, "dropouts": 0.2, "stragglers": 0.3, "periods": 2, "masks": True}
    whole = federate(small.config(**options, out=tmp_path / "whole" / "run"))
    out = tmp_path / "killed" / "run"
    save, saves = State.save, [0]

    def killed(state: State, folder: Path) -> None:
        save(state, folder)
        saves[0] += 1
        if saves[0] in (2, 3, 7, 8):  # in rounds and after them
            raise KeyboardInterrupt

    monkeypatch.setattr(State, "save", killed)
    stops = 0
    for _ in range(9):
        try:
            federate(small.config(**options, out=out))
            break
        except KeyboardInterrupt:
            stops += 1
    assert stops == 4
    assert files(out) == files(whole.folder)
    assert len(rounds(out)) == 3


def killed(config: Federated, save: int) -> None:
    """A run that dies as under kill -9 when it has written its state so many times."""
    process = os.fork()
    if process == 0:  # pragma: no cover
        keep, saves = State.save, [0]

        def last(state: State, folder: Path) -> None:
            keep(state, folder)
            saves[0] += 1
            if saves[0] == save:
                os.kill(os.getpid(), signal.SIGKILL)

        State.save = last  # type: ignore[method-assign]
        federate(config)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(process, 0)[1]) == signal.SIGKILL


HARD: list[dict[str, Any]] = [
    {"server": "fedprox"},
    {"server": "fedopt-adam", "select": "activity"},
    {"server": "fedopt-yogi", "select": "loss"},
    {"server": "scaffold", "workers": 2},
    {"workers": 2, "masks": True, "dropouts": 0.3, "stragglers": 0.3},
    {"dp_epsilon": 8.0, "compress": ("topk:0.1", "8bit")},
    {"compress": ("8bit",), "masks": True, "periods": 2, "memory": 2, "workers": 2},
    {"dp_epsilon": 8.0, "masks": True},
]


@pytest.mark.parametrize("options", HARD, ids=lambda one: "-".join(map(str, one)))
def test_killed_hard_in_a_round_is_the_same_to_the_byte(
    small: Small, tmp_path: Path, options: dict[str, Any]
) -> None:
    whole = federate(small.config(**options, out=tmp_path / "whole" / "run"))
    config = small.config(**options, out=tmp_path / "killed" / "run")
    for save in (2, 3):
        killed(config, save)
    federate(config)
    assert files(tmp_path / "killed" / "run") == files(whole.folder)


def test_processes_of_a_killed_run_end(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:  # pragma: no cover
        list(answers_of(lambda client: os.write(writing, b"x") or time.sleep(600), [1, 2], 2))
        os._exit(0)
    assert os.read(reading, 1) + os.read(reading, 1) == b"xx"  # both are at work
    os.close(writing)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    assert select([reading], [], [], 30)[0]  # nobody is left who could write
    assert os.read(reading, 1) == b""


def test_two_processes_make_the_same_bytes(small: Small, tmp_path: Path) -> None:
    one = federate(small.config(out=tmp_path / "one" / "run"))
    two = federate(small.config(out=tmp_path / "two" / "run", workers=2))
    assert files(one.folder) == files(two.folder)


def test_a_run_shows_every_language_and_what_costs_nothing(
    small: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--task", "intents", "--partition", "language", "--out", str(tmp_path / "run")]
    for name in ("train", "test"):
        words += [f"--{name}", ",".join(small.options[name])]
    words += ["--model", small.options["model"], "--per-round", "2", "--rounds", "2"]
    assert main([*words, "--epochs", "3", "--learning-rate", "0.5"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("en ", "sw ", "mean", "worst", "most frequent intent"))
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert page.count("<svg") == 3
    assert "most frequent intent" in page
    assert (tmp_path / "run" / "partition.tsv").read_text().count("\n") == 97
    assert rounds(tmp_path / "run")[-1]["evaluation"]["languages"].keys() == {"en", "sw"}
    told = read_json(tmp_path / "run" / "scores.json", {"data": [dict]})["data"]
    sizes = [(one["role"], one["language"], one["texts"], one["licence"]) for one in told]
    assert sizes == [
        (role, code, number, "not stated")
        for role, number in (("train", 48), ("test", 12))
        for code in ("en", "sw")
    ]


def test_data_arrive_and_are_deleted(small: Small) -> None:
    config = small.config(periods=3, memory=2, rounds=6, clients=2, per_round=1)
    parts, arrival = dealt(config, task_of("intents"), small.material())
    federation = Federation(config, None, parts, arrival, {})  # type: ignore[arg-type]
    periods = [
        {arrival[one] for client in (0, 1) for one in federation.members(client, number)}
        for number in range(6)
    ]
    assert periods == [{0}, {0}, {0, 1}, {0, 1}, {1, 2}, {1, 2}]


def test_heads_and_adapters_alone_travel(small: Small) -> None:
    pytest.importorskip("peft")
    whole, heads = small.opened()[0], small.opened(freeze="encoder")[0]
    adapters = small.opened(lora=2)[0]
    sizes = [len(flat(one.model)) for one in (whole, heads, adapters)]
    assert sizes[1] < sizes[2] < sizes[0]


BAD = [
    ({"per_round": 9}, "--per-round 9: there are 8 clients; give at most 8"),
    ({"partition": "label:0"}, "--partition label:0: expected a number above 0"),
    ({"partition": "quantity:nan"}, "--partition quantity:nan: expected a number above 0"),
    ({"partition": "label"}, "write it as label:0.5"),
    ({"partition": "language", "clients": 1, "per_round": 1}, "there are 2 languages (en, sw)"),
    ({"select": "actvity"}, "did you mean activity?"),
    ({"select": "activity-power"}, "write it as activity-power:0.5"),
    ({"server": "fedavgg"}, "did you mean fedavg?"),
    ({"task": "intent"}, "did you mean intents?"),
    ({"server": "scaffold", "optimizer": "adamw"}, "give --optimizer sgd, not adamw"),
    ({"periods": 4}, "found 3 --rounds"),
    ({"memory": 2}, "there are 1 --periods"),
    ({"compress": ("topk:0",)}, "expected a share above 0"),
    ({"dp_epsilon": 8.0, "select": "activity"}, "give --select uniform"),
    ({"dp_clip": "1"}, "--dp-clip needs --dp-epsilon"),
    ({"lora": 2, "freeze": "encoder"}, "leave --freeze out"),
    ({"hidden": 8}, "--hidden is of --task topics"),
    ({"partition": "file:nothing.tsv"}, "nothing.tsv: no such file"),
    ({"task": "lm", "partition": "label:1", "model": None}, "no label of their own"),
]


@pytest.mark.parametrize(("changed", "told"), BAD)
def test_wrong_input_is_told(
    small: Small, tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    if changed.get("task") == "lm":
        texts = tmp_path / "text.txt"
        texts.write_text("Mvua inanyesha sana leo.\nJua linawaka mjini.\n" * 20, "utf-8")
        other = tmp_path / "other.txt"
        other.write_text("Watoto wanacheza nje.\n", "utf-8")
        changed = {**changed, "train": (f"sw={texts}",), "test": (f"sw={other}",)}
    with pytest.raises(InputError) as raised:
        federate(small.config(**changed, out=tmp_path / "run"))
    assert told in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_a_set_without_labels_or_languages_is_told(small: Small, tmp_path: Path) -> None:
    path = Path(small.options["train"][0].partition("=")[2])
    text = tmp_path / "text.txt"
    text.write_text("Mvua inanyesha sana leo.\nJua linawaka mjini.\n", "utf-8")
    other = tmp_path / "other.txt"
    other.write_text("Watoto wanacheza nje.\n", "utf-8")
    with pytest.raises(InputError, match="name sets as LANG=NAME"):
        federate(Federated("lm", (str(text),), (f"sw={other}",), partition="language", per_round=1))
    alone = tmp_path / "alone.tsv"
    lines = path.read_text("utf-8").split("\n")
    head, *rows = lines
    same = [row for row in rows if row.endswith("\talarm")]
    alone.write_text("\n".join([head, *same]) + "\n", "utf-8")
    with pytest.raises(InputError, match="examples of two intents or more, found 1"):
        federate(small.config(train=(f"en={alone}",), out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()  # who has what was written before the task was opened


@pytest.mark.parametrize("workers", [1, 2])
def test_a_loss_that_is_not_finite_is_told_and_leaves_nothing(
    small: Small, tmp_path: Path, workers: int
) -> None:
    config = small.config(learning_rate=1e30, workers=workers, out=tmp_path / "run")
    with pytest.raises(UnavailableError, match=r"round [12], client-\d: step \d+: the loss is"):
        federate(config)
    assert not (tmp_path / "run" / "scores.json").exists()


def test_a_device_that_is_not_there_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="device cuda:999"):
        federate(Federated("topics", ("nothing.tsv",), device="cuda:999", out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_language_that_nobody_knows_is_told_with_its_set() -> None:
    with pytest.raises(InputError, match=r"^sib200:train:qqqqq: "):
        federate(Federated("topics", ("sib200:train:qqqqq",)))


def test_an_audit_takes_the_model_of_a_federated_run(small: Small, tmp_path: Path) -> None:
    from trust.audit import audit
    from trust.config import Audit

    made = federate(small.config(out=tmp_path / "run")).folder
    sides = {"members": small.options["train"], "others": small.options["test"]}
    done = audit(Audit(str(made), **sides, drop_shared=True, out=tmp_path / "audit"))
    assert any("in the folder of a run of nlu.train" in one for one in done.told["notes"])
    assert (tmp_path / "audit" / "report.html").is_file()


def test_options_of_one_task_are_refused_by_others() -> None:
    with pytest.raises(InputError, match="needs a --model"):
        Federated("topics", freeze="encoder")
