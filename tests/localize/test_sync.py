"""Three versions brought together: nothing of a person's is lost, nothing is asked twice."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from localize.files import STATE
from localize.repository import Repository
from localize.state import read_attic, read_state
from localize.status import StatusConfig, standings
from localize.status import main as status_main
from localize.sync import Summary, SyncConfig, main, synchronize, watched

PAGE = """# Oaks
:label:`sec_oaks`

An oak is a *tree* of $3$ m, see :numref:`fig_oak`.

* One leaf
* Two leaves

```
code
```

The last paragraph of it.
"""


class Folder:
    """A folder of sources and one of their translation."""

    def __init__(self, root: Path) -> None:
        self.docs, self.out = root / "docs", root / "tr"
        self.docs.mkdir()
        self.write(PAGE)

    def write(self, text: str, name: str = "a.md") -> None:
        (self.docs / name).write_bytes(text.encode())

    def read(self, name: str = "a.md") -> str:
        return (self.out / name).read_bytes().decode()

    def change(self, before: str, after: str, name: str = "a.md") -> None:
        text = self.read(name)
        assert before in text
        (self.out / name).write_bytes(text.replace(before, after).encode())

    def source(self, before: str, after: str, name: str = "a.md") -> None:
        text = (self.docs / name).read_bytes().decode()
        assert before in text
        self.write(text.replace(before, after), name)

    def sync(self, engine: str = "stub", **more: object) -> Summary:
        options = {"lang": "tr", "engine": engine, **more}
        return synchronize(SyncConfig(source=self.docs, target=self.out, **options))  # type: ignore[arg-type]

    def conditions(self) -> dict[str, int]:
        [one] = standings(Repository(self.docs, self.out))
        return {name: count for name, count in one.counts.items() if count}

    def attic(self) -> list[tuple[str, str]]:
        return [(old.target, old.why) for old in read_attic(self.out)]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def synced(folder: Folder) -> Folder:
    folder.sync()
    return folder


def test_all_is_new_at_first(folder: Folder) -> None:
    report = folder.sync()
    assert report.asked == 5
    assert folder.read() == (
        PAGE.replace("Oaks", "Óáks")
        .replace("An oak is a *tree* of", "Án óák ís á *tréé* óf")
        .replace("m, see", "m, séé")
        .replace("One leaf", "Óné léáf")
        .replace("Two leaves", "Twó léávés")
        .replace("The last paragraph of it", "Thé lást párágráph óf ít")
    )
    assert folder.conditions() == {"current": 5}


def test_nothing_changes_a_second_time(synced: Folder) -> None:
    files = {path: path.read_bytes() for path in sorted(synced.out.rglob("*")) if path.is_file()}
    report = synced.sync()
    assert (report.asked, report.counts["unchanged documents"]) == (0, 1)
    now = {path: path.read_bytes() for path in sorted(synced.out.rglob("*")) if path.is_file()}
    assert now == files


def test_a_changed_text_of_a_machine_has_a_proposal_and_the_old_one_is_kept(synced: Folder) -> None:
    synced.source("Two leaves", "Two old leaves")
    assert synced.conditions() == {"current": 4, "outdated": 1}
    assert synced.sync().asked == 1
    assert "* Twó óld léávés\n" in synced.read()
    assert synced.attic() == [("Twó léávés", "replaced")]
    assert synced.conditions() == {"current": 4, "proposed": 1}
    state = read_state(synced.out / STATE / "a.md.jsonl")
    assert state is not None
    assert [entry.was for entry in state.entries if entry.was] == ["Twó léávés"]


def test_a_persons_text_stays_and_is_marked(synced: Folder) -> None:
    synced.change("Twó léávés", "Iki yaprak")
    assert synced.conditions() == {"current": 5, "edited": 1}
    synced.source("Two leaves", "Two old leaves")
    report = synced.sync()
    line = "* Iki yaprak <!-- localize: outdated; proposal: Twó óld léávés -->\n"
    assert line in synced.read()
    assert [place.rpartition(":")[2] for place, _ in report.conflicts] == ["7"]
    assert synced.conditions() == {"current": 4, "outdated": 1}
    assert synced.sync().asked == 0
    assert line in synced.read()
    synced.source("Two old leaves", "Two very old leaves")
    synced.sync()
    assert (
        "* Iki yaprak <!-- localize: outdated; proposal: Twó vérý óld léávés -->" in synced.read()
    )


def test_taking_the_marker_out_settles_it(synced: Folder) -> None:
    synced.change("Twó léávés", "Iki yaprak")
    synced.source("Two leaves", "Two old leaves")
    synced.sync()
    synced.change(
        "Iki yaprak <!-- localize: outdated; proposal: Twó óld léávés -->", "Iki eski yaprak"
    )
    assert synced.conditions() == {"current": 5, "edited": 1}
    synced.sync()
    assert "* Iki eski yaprak\n" in synced.read()
    assert synced.conditions() == {"current": 5}


def test_moved_and_rewrapped_texts_keep_their_translation(synced: Folder) -> None:
    synced.change("Twó léávés", "Iki yaprak")
    synced.write(
        "The last\nparagraph of it.\n\n# Oaks\n:label:`sec_oaks`\n\n* Two leaves\n* One leaf\n\n"
        "An oak is a *tree* of $3$ m,\nsee :numref:`fig_oak`.\n"
    )
    report = synced.sync()
    assert (report.asked, report.counts["same"], report.counts["moved"]) == (0, 5, 3)
    assert synced.read() == (
        "Thé lást párágráph óf ít.\n\n# Óáks\n:label:`sec_oaks`\n\n* Iki yaprak\n* Óné léáf\n\n"
        "Án óák ís á *tréé* óf $3$ m, séé :numref:`fig_oak`.\n"
    )


def test_formatting_is_carried_over_without_asking(synced: Folder) -> None:
    synced.change("Án óák ís", "Bir meşe")
    synced.source("$3$ m, see :numref:`fig_oak`", "$4$ m, see :ref:`fig_oak`")
    synced.source("# Oaks", "# [**Oaks**]")
    report = synced.sync()
    assert (report.asked, report.counts["formatting"]) == (0, 2)
    assert "# [**Óáks**]\n" in synced.read()
    assert "Bir meşe á *tréé* óf $4$ m, séé :ref:`fig_oak`." in synced.read()


def test_deleted_texts_go_to_the_attic_and_come_back(synced: Folder) -> None:
    synced.change(
        "Thé lást párágráph óf ít.", "Bu onun son paragrafı.\n\nA note of the translator's."
    )
    synced.source("The last paragraph of it.\n", "")
    synced.sync()
    assert "Bu onun son paragrafı" not in synced.read()
    assert synced.attic() == [
        ("Bu onun son paragrafı.", "deleted"),
        ("A note of the translator's.", "deleted"),
    ]
    synced.source("```\ncode\n```\n", "```\ncode\n```\n\nThe last paragraph of it.\n")
    assert synced.sync().asked == 0
    assert "Bu onun son paragrafı." in synced.read()


def test_what_stands_between_segments_is_merged(synced: Folder) -> None:
    synced.change("```\ncode\n```", "```\nkod\n```\n\nA note.")
    synced.source("fig_oak`.\n", "fig_oak`.\n\n![](new.svg)\n")
    synced.sync()
    assert "```\nkod\n```\n\nA note.\n" in synced.read()
    assert "\n\n![](new.svg)\n" in synced.read()
    synced.source("```\ncode\n```", "```\ncode of ours\n```")
    report = synced.sync()
    assert "```\nkod\n```\n\nA note.\n" in synced.read()
    assert "what stands behind was changed here and in the source" in report.conflicts[0][1]
    assert synced.conditions() == {"current": 4, "outdated": 1}


def test_a_paragraph_that_a_person_took_out_stays_out(synced: Folder) -> None:
    synced.change("Thé lást párágráph óf ít.\n", "")
    synced.source("One leaf", "One big leaf")
    synced.sync()
    assert "párágráph" not in synced.read()
    assert synced.conditions() == {"current": 3, "proposed": 1, "left out": 1}
    synced.sync(fill=True)
    assert "Thé lást párágráph óf ít." in synced.read()


def test_without_an_engine_people_are_told_what_is_to_do(synced: Folder) -> None:
    synced.source("Two leaves", "Two old leaves")
    synced.source("The last", "A new text.\n\nThe last")
    report = synced.sync("none")
    assert report.asked == 0
    assert "* Twó léávés <!-- localize: outdated -->\n" in synced.read()
    assert "\n\nA new text.\n\n" in synced.read()
    assert synced.conditions() == {"current": 4, "outdated": 1, "missing": 1}
    assert status_main([str(synced.docs), str(synced.out), "--check"]) == 1
    synced.change("A new text.", "Yeni bir metin.")
    synced.change(" <!-- localize: outdated -->", "")
    assert status_main([str(synced.docs), str(synced.out), "--check"]) == 0


def test_a_translation_of_people_is_adopted_as_it_stands(folder: Folder) -> None:
    folder.out.mkdir()
    theirs = (
        PAGE.replace("Oaks", "Meşeler")
        .replace("* One leaf\n", "* Bir yaprak\n\n")
        .replace(
            "An oak is a *tree* of $3$ m, see :numref:`fig_oak`.",
            "Meşe $3$ m boyunda bir *ağaçtır*, bkz. :numref:`fig_oak`.",
        )
    )
    theirs = theirs.replace("The last paragraph of it.", "Son paragrafı budur.\r\n")
    (folder.out / "a.md").write_bytes(theirs.encode())
    report = folder.sync()
    assert report.asked == 0
    assert folder.read() == theirs
    folder.source("One leaf", "One green leaf")
    folder.sync()
    assert folder.read() == theirs.replace(
        "* Bir yaprak\n", "* Bir yaprak <!-- localize: outdated; proposal: Óné gréén léáf -->\n"
    )


def test_an_older_source_is_read_from_git(folder: Folder) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(
            ["git", "-C", str(folder.docs), *who, *words], check=True, capture_output=True
        )

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    folder.out.mkdir()
    (folder.out / "a.md").write_text(PAGE.replace("Two leaves", "Iki yaprak"), "utf-8")
    folder.source("Two leaves", "Two old leaves")
    folder.sync(base="HEAD")
    assert "* Iki yaprak <!-- localize: outdated; proposal: Twó óld léávés -->" in folder.read()
    folder.write("x\n", "b.md")
    (folder.out / "b.md").write_text("y\n", "utf-8")
    [told] = folder.sync(base="nowhere").refused
    assert told.startswith('--base "nowhere": neither a folder nor a revision of git')


def test_equal_texts_are_asked_once_and_remembered_across_documents(synced: Folder) -> None:
    synced.change("Óné léáf", "Bir yaprak")
    synced.write("One leaf\n\nNew text\n\nNew\ntext\n", "b.md")
    assert synced.sync().asked == 1
    assert synced.read("b.md") == "Bir yaprak\n\nNéw téxt\n\nNéw téxt\n"


def test_line_ends_marks_and_bytes_of_either_file_are_kept(folder: Folder) -> None:
    raw = b"\xef\xbb\xbf" + PAGE.replace("\n", "\r\n").encode() + b"\r\nLatin-1: caf\xe9 text.\r\n"
    (folder.docs / "a.md").write_bytes(raw)
    folder.sync()
    made = (folder.out / "a.md").read_bytes()
    assert made.startswith(b"\xef\xbb\xbf# ")
    assert made.count(b"\r\n") == made.count(b"\n") == raw.count(b"\n")
    assert b"c\xc3\xa1f\xe9 t\xc3\xa9xt." in made
    (folder.docs / "a.md").write_bytes(
        raw.replace(b"\r\n", b"\n").replace(b"* Two", b"* Green\n* Two")
    )
    folder.sync()
    made = (folder.out / "a.md").read_bytes()
    assert made.count(b"\r\n") == made.count(b"\n") == raw.count(b"\n") + 1


def test_a_renamed_source_takes_its_translation_along(synced: Folder) -> None:
    synced.change("Óné léáf", "Bir yaprak")
    (synced.docs / "deep").mkdir()
    (synced.docs / "a.md").rename(synced.docs / "deep" / "b.md")
    assert synced.sync().asked == 0
    assert "Bir yaprak" in synced.read("deep/b.md")
    assert not (synced.out / "a.md").exists()
    assert not (synced.out / STATE / "a.md.jsonl").exists()


def test_a_translation_that_was_deleted_is_written_again(synced: Folder) -> None:
    synced.change("Óné léáf", "Bir yaprak")
    synced.source("# Oaks", "# Old oaks")
    synced.sync()
    before = synced.read()
    (synced.out / "a.md").unlink()
    assert synced.sync().asked == 0
    assert synced.read() == before


def test_a_translation_that_was_renamed_is_told(synced: Folder) -> None:
    synced.change("Óné léáf", "Bir yaprak")
    (synced.out / "a.md").rename(synced.out / "b.md")
    report = synced.sync()
    assert f"{synced.out / 'b.md'} holds what was in it; rename it back" in report.refused[0]
    assert not (synced.out / "a.md").exists()


def test_swapped_and_exchanged_files_are_told(
    synced: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = PAGE, synced.read()
    synced.write(target)
    (synced.out / "a.md").write_bytes(source.encode())
    told = synced.sync().refused[0]
    assert "expected the source, found its translation" in told
    synced.write(source)
    (synced.out / "a.md").write_text("Quite\n\nother\n\nthings\n\nstand\n\nhere\n\nnow\n", "utf-8")
    words = [str(synced.docs), str(synced.out), "--lang", "tr"]
    assert main(words) == 1
    told = capsys.readouterr().err
    assert "0 of its 6 segments are among the 5 that" in told
    assert (synced.out / "a.md").read_text("utf-8").startswith("Quite")


def test_a_state_in_conflict_is_read_from_both_sides(synced: Folder) -> None:
    path = synced.out / STATE / "a.md.jsonl"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    other = lines[3].replace("Óné léáf", "Uno leaf")
    lines[3:4] = ["<<<<<<< HEAD\n", lines[3], "=======\n", other, ">>>>>>> branch\n"]
    path.write_text("".join(lines), "utf-8")
    report = synced.sync()
    assert report.notes == [f"{path}:4: a conflict of a merge; both of its sides are read"]
    assert (report.asked, report.conflicts) == (0, [])
    assert "<<<" not in path.read_text("utf-8")
    assert "Óné léáf" in synced.read()


def test_a_damaged_state_is_told_by_its_line(synced: Folder) -> None:
    path = synced.out / STATE / "a.md.jsonl"
    path.write_text(path.read_text("utf-8") + "{ broken\n", "utf-8")
    before = synced.read()
    [told] = synced.sync().refused
    assert told.startswith(f"{path}:7: expected JSON")
    assert "take the line out" in told
    assert synced.read() == before


def test_watch_acts_when_a_file_changes(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localize.sync.SECONDS", 0.0)
    config = SyncConfig(source=folder.docs, target=folder.out, lang="tr", engine="stub")
    acts = []

    def act() -> None:
        synchronize(config)
        acts.append(folder.read())
        if len(acts) == 1:
            monkeypatch.setattr(
                "time.sleep",
                lambda _: (
                    folder.source("# Oaks", "# Ashes")
                    if "# Oaks" in (folder.docs / "a.md").read_text()
                    else None
                ),
            )

    watched(config, act, looks=4)
    assert len(acts) == 2
    assert "# Áshés" in acts[1]


def test_random_work_of_people_is_never_lost(folder: Folder) -> None:
    rng = random.Random(7)
    paragraphs = [f"Paragraph {n} says {rng.choice('abc')} word{n}." for n in range(12)]
    words: list[str] = []
    for turn in range(25):
        folder.write("\n\n".join(paragraphs) + "\n")
        folder.sync()
        page = folder.read()
        kept = page + "\n".join(target for target, _ in folder.attic())
        assert [word for word in words if word not in kept] == []
        lines = page.split("\n")
        places = [n for n, line in enumerate(lines) if line]
        for place in rng.sample(places, 2):
            word = f"mine{turn}x{place}"
            words.append(word)
            lines[place] = rng.choice([f"{word} {lines[place]}", f"{lines[place]}\n\nNote {word}."])
        (folder.out / "a.md").write_text("\n".join(lines), "utf-8")
        for _ in range(3):
            at = rng.randrange(len(paragraphs))
            action = rng.randrange(4)
            if action == 0:
                paragraphs.insert(at, f"Another paragraph {turn} of {at}.")
            elif action == 1 and len(paragraphs) > 4:
                paragraphs.pop(at)
            elif action == 2:
                paragraphs[at] += f" More {turn}."
            else:
                paragraphs.insert(rng.randrange(len(paragraphs)), paragraphs.pop(at))


def test_the_commands_say_what_is_wrong(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    docs, out = str(folder.docs), str(folder.out)
    for words, told in (
        ([docs], "target is missing"),
        ([docs, out, "--engine", "stub"], "--lang is missing"),
        ([docs, docs, "--lang", "tr"], "source and translation are one file"),
        (["nowhere", out], "nowhere: no such file or folder"),
        ([docs, out, "--engine", "stbu", "--lang", "tr"], "did you mean stub?"),
    ):
        assert main(words) == 2
        assert told in capsys.readouterr().err
    assert status_main([docs, out, "--list"]) == 0
    assert "not translated yet" in capsys.readouterr().err
    assert StatusConfig(folder.docs, folder.out).check is False
