"""A run is a folder: its name, what may go on in it, what is refused, what a kill leaves."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from filelock import FileLock

from data.errors import InputError
from runfolder.folder import (
    RunKind,
    cleared_if_refused,
    differences,
    environment,
    folder_name,
    locked,
    open_run,
    read_run,
    release,
    run_folder,
)

KIND = RunKind("x.score", {"shots": int}, ("answers.jsonl", "model"), ("draft", "scratch-*"))


def begin(folder: Path, shots: int = 1) -> None:
    with run_folder(KIND, "x", {"shots": shots}, out=folder, options={"lang": "sw"}):
        pass


def test_the_identity_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with run_folder(KIND, "x-sw", {"shots": 1}) as run:
        assert run.folder == Path("runs") / folder_name("x-sw", {"shots": 1})
    assert folder_name("x-sw", {"shots": 1}) != folder_name("x-sw", {"shots": 2})


def test_config_tells_command_identity_options_and_versions(tmp_path: Path) -> None:
    begin(tmp_path / "run")
    content = json.loads((tmp_path / "run" / "config.json").read_text())
    assert content["command"] == "x.score"
    assert (content["run"], content["options"]) == ({"shots": 1}, {"lang": "sw"})
    assert content["environment"]["packages"]["kilolingua"]
    assert read_run(KIND, tmp_path / "run").options == {"lang": "sw"}


def test_the_same_run_goes_on_and_its_configuration_keeps_its_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    begin(folder)
    (folder / "answers.jsonl").write_text("{}\n")
    before = (folder / "config.json").read_bytes()
    begin(folder)
    assert (folder / "config.json").read_bytes() == before
    assert (folder / "answers.jsonl").read_text() == "{}\n"


def test_another_run_is_refused_with_what_differs(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    begin(folder)
    (folder / "answers.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match=r"another run \(it differs in shots: 1, now 4\)"):
        begin(folder, shots=4)
    assert json.loads((folder / "config.json").read_text())["run"] == {"shots": 1}


def test_a_run_that_made_nothing_holds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    begin(folder)
    (folder / "answers.jsonl").touch()
    (folder / "model").mkdir()
    (folder / "draft").write_text("begun")
    (folder / "scratch-1").mkdir()
    (folder / "mine.txt").write_text("a user's")
    begin(folder, shots=4)
    assert json.loads((folder / "config.json").read_text())["run"] == {"shots": 4}
    assert sorted(path.name for path in folder.iterdir() if path.name != ".lock") == [
        "config.json",
        "mine.txt",
    ]


def test_a_kind_may_say_itself_what_a_result_is(tmp_path: Path) -> None:
    kind = RunKind("x.score", {"shots": int}, ("answers.jsonl",), has_result=lambda _: False)
    folder = tmp_path / "run"
    begin(folder)
    (folder / "answers.jsonl").write_text("free\n")
    with run_folder(kind, "x", {"shots": 2}, out=folder):
        assert not (folder / "answers.jsonl").exists()


def test_a_part_that_another_process_works_in_is_not_cleared(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    begin(folder)
    (folder / "scratch-1").mkdir()
    with locked(folder / "scratch-1"), pytest.raises(InputError, match="another run"):
        begin(folder, shots=2)
    assert (folder / "scratch-1").is_dir()


def test_files_of_nobody_knows_which_run_are_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match=r"holds answers.jsonl and no config.json"):
        begin(tmp_path)
    assert (tmp_path / "answers.jsonl").read_text() == "{}\n"


@pytest.mark.parametrize("name", ["scores.json", "sw.dev", "data"])
def test_files_of_nobody_knows_which_run_are_not_taken(name: str, tmp_path: Path) -> None:
    kind = RunKind("x.score", {"shots": int}, ("scores.json",), ("*.dev", "data"))
    open_run(kind, tmp_path / "absent", {"shots": 1})
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / name).touch()
    with pytest.raises(InputError) as caught:
        open_run(kind, folder, {"shots": 1})
    assert str(caught.value) == (
        f"{folder}: holds {name} and no config.json that says of which run; choose another --out,"
        " or remove it"
    )


@pytest.mark.parametrize("name", ["segments.jsonl", "checkpoints/step-1/state.json"])
def test_a_folder_with_a_result_is_kept(name: str, tmp_path: Path) -> None:
    kind = RunKind("x.score", {}, ("segments.jsonl", "checkpoints/step-*"), ("*",))
    for path in (name, "config.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    assert not release(kind, tmp_path)
    assert (tmp_path / name).exists()
    assert (tmp_path / "config.json").exists()


@pytest.mark.parametrize("made", ["", "answers.jsonl"])
def test_what_a_refused_run_began_goes_and_what_it_made_stays(made: str, tmp_path: Path) -> None:
    def refused() -> None:
        with (
            run_folder(KIND, "x", {"shots": 1}, out=tmp_path / "run") as run,
            cleared_if_refused(KIND, run.folder),
        ):
            (run.folder / "draft").write_text("who has what")
            if made:
                (run.folder / made).write_text("{}\n")
            raise InputError("this file has one label")

    with pytest.raises(InputError, match="this file has one label"):
        refused()
    assert (tmp_path / "run").exists() is bool(made)
    assert (tmp_path / "run" / "draft").exists() is bool(made)


def test_a_folder_in_which_somebody_trains_is_kept(tmp_path: Path) -> None:
    kind = RunKind("x.train", {}, ("model",), ("*",))
    (tmp_path / "config.json").write_text("x")
    (tmp_path / "network-1").mkdir()
    with FileLock(tmp_path / "network-1" / ".training.lock"):
        assert not release(kind, tmp_path)
    assert release(kind, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_users_files_do_not_hinder_a_run_and_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    begin(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_other_versions_go_on_and_are_noted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(tmp_path)
    (tmp_path / "answers.jsonl").write_text("{}\n")
    first = json.loads((tmp_path / "config.json").read_text())["environment"]
    monkeypatch.setattr("runfolder.folder.version_of", lambda _: "9.9")
    begin(tmp_path)
    begin(tmp_path)
    content = json.loads((tmp_path / "config.json").read_text())
    assert content["environment"] == first
    assert [one["packages"]["kilolingua"] for one in content["resumed_with"]] == ["9.9"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected JSON"),
        ("[]", "expected an object"),
        ('{"run": {"shots": "1"}}', "expected a whole number in run.shots"),
        ('{"command": "y.z", "run": {"shots": 1}}', "of a run of y.z, not of x.score"),
        ('{"run": {"beam": 1}}', "expected run.shots"),
    ],
)
def test_a_configuration_that_is_none_of_ours_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "config.json").write_text(content)
    for attempt in (lambda: begin(tmp_path), lambda: read_run(KIND, tmp_path)):
        with pytest.raises(InputError) as caught:
            attempt()
        assert message in str(caught.value)
    assert (tmp_path / "config.json").read_text() == content


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no config.json; give the folder of a run of x.score"):
        read_run(KIND, tmp_path)


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    with (
        run_folder(KIND, "x", {"shots": 1}, out=tmp_path),
        pytest.raises(InputError, match="another process writes here"),
    ):
        begin(tmp_path)
    begin(tmp_path)


def test_a_refused_run_leaves_no_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no"), locked(tmp_path / "runs" / "x"):
        raise InputError("no")
    assert not (tmp_path / "runs" / "x").exists()
    (tmp_path / "mine").mkdir()
    with locked(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine").is_dir(), "a folder that was there stays"


def test_leftovers_of_killed_writers_are_swept(tmp_path: Path) -> None:
    begin(tmp_path)
    old = tmp_path / ".scores.json.00000000-1-00000000"
    old.write_text("half")
    os.utime(old, (0, 0))
    open_run(KIND, tmp_path, {"shots": 1})
    assert not old.exists()


def test_differences_name_leaves_lists_and_lengths() -> None:
    held = {"systems": [{"shots": 1}, {"shots": 1}], "seed": 1, "gone": True}
    wanted = {"systems": [{"shots": 1}, {"shots": 4}], "seed": 1, "new": "x"}
    assert list(differences(held, wanted)) == [
        "gone: true, now nothing",
        'new: nothing, now "x"',
        "systems.shots: 1, now 4",
    ]
    assert list(differences({"a": [1]}, {"a": [1, 2]})) == ["a: [1], now [1,2]"]


def test_a_package_that_is_not_there_is_said() -> None:
    assert environment(("no-such-package",))["packages"]["no-such-package"] == "not installed"
