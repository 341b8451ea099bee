"""Try: work in the background, a sentence, a paragraph, the forms of a lemma."""

from __future__ import annotations

import itertools
import shlex
import threading
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from app import try_it
from app.job import Cancelled, Job
from app.paradigm import Row, forms
from app.try_it import marked, rewrite, translate
from data.access import Access
from data.errors import InputError, UnavailableError
from data.languages import resolve
from icl.options import RunConfig


@pytest.fixture
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)


def test_a_cancelled_job_ends_at_its_next_word() -> None:
    begun, go_on, words = threading.Event(), threading.Event(), []

    def work(job: Job[str]) -> str:
        begun.set()
        go_on.wait(10)
        job.say("never said")
        words.append("never reached")
        return "never had"

    job: Job[str] = Job(work)
    job.start()
    begun.wait(10)
    assert job.running
    job.cancel()
    assert not job.running
    go_on.set()
    job.join()
    assert (words, job.result, job.failure) == ([], None, "")


def test_a_job_that_fails_says_why() -> None:
    def work(job: Job[int]) -> int:
        job.advance("halfway", 1, 2)
        raise UnavailableError("no such file")

    job: Job[int] = Job(work)
    job.start()
    job.join()
    assert (job.failure, job.share) == ("no such file", 0.5)


def test_a_translation_tells_what_it_does_and_why_it_fails(no_mirror: None) -> None:
    said: list[str] = []

    class Listening(Job[Any]):
        def say(self, line: str) -> None:
            said.append(line)

    config = RunConfig("sw", test_set="sample", model="no-such-model", offline=True)
    job = Listening(lambda job: translate("Habari za asubuhi", config, job))
    job.start()
    job.join()
    assert said[:2] == ["waiting for another visitor's sentence", "choosing the examples"]
    assert '--model "no-such-model": no such folder' in job.failure


def test_a_model_reports_to_whoever_asks_now() -> None:
    first, second = Job[Any](lambda job: None), Job[Any](lambda job: None)
    first.cancel()
    try_it._asking[:] = [second]
    try_it._say("converting the weights")
    assert second.line == "converting the weights"
    try_it._asking[:] = [first]
    with pytest.raises(Cancelled):
        try_it._say("converting the weights")


def test_a_paragraph_is_what_synthesis_writes(no_mirror: None) -> None:
    from data.load import load_lexicon
    from data.randomness import key
    from lexaug.phrases import compile_phrases
    from lexaug.substitute import substitute_line

    text = "My grandmother reads a book.\nThe children <sleep> & eat fish."
    found = rewrite(text, "sw", access=Access(offline=True), seed=3)
    table = compile_phrases(load_lexicon(resolve("en"), resolve("sw"), access=Access(offline=True)))
    for number, line in enumerate(text.splitlines(), 1):
        assert found.lines[number - 1] == substitute_line(line, table, key=key(3, number))
    assert found.replaced > 3

    class Text(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.tags: set[str] = set()
            self.text = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.tags.add(tag)

        def handle_data(self, data: str) -> None:
            self.text += data

    for line in found.lines:
        parser = Text()
        parser.feed(marked(line))
        assert (parser.text, parser.tags) == (line.text, {"mark"})


def test_no_table_of_a_language_is_said(no_mirror: None) -> None:
    with pytest.raises(InputError, match=r"no inflection table of Basque \(eu\) can be had"):
        forms("etxe", resolve("eu"), access=Access(offline=True))


def test_the_forms_of_a_lemma(mirror: Path) -> None:
    found = forms("Soma", resolve("sw"), access=Access(offline=True))
    row = Row("V;FIN;IND;COND;PRES;1;SG", "ningesoma", "table", 1.0, "unimorph/swc")
    assert row in found.rows
    assert (row.source, row.sureness) == ("table unimorph/swc", "listed")
    assert any("stands in for Swahili" in line for line in found.relatives), "swc is Congo Swahili"


def test_a_paragraph_on_the_page(no_mirror: None, run_page: Callable[..., Any]) -> None:
    test = run_page("try_it")
    labels = [button.label for button in test.button]
    assert labels == ["Translate", "Rewrite", "Look up"]
    areas = {element.label: element for element in test.text_area}
    areas["English text"].set_value("The children sleep.")
    languages = [element for element in test.text_input if element.label == "Language"]
    languages[1].set_value("sw")
    test.button[1].click().run()
    test.session_state["job-rewrite"].join()
    test.run()
    assert not test.exception
    assert any("<mark" in element.proto.body for element in test.get("html"))


@pytest.fixture
def package(no_mirror: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of regular Swahili verbs and two nouns in the folder of the package unimorph."""
    stems = ["".join(one) + "a" for one in itertools.product("kts", "aiou", "lmn", "aiou", "k")]
    rows = [(stem, f"ali{stem}", "V;PST;3;SG") for stem in stems]
    rows += [(stem, f"hawaku{stem}", "V;PST;3;PL;NEG") for stem in stems[:9]]
    rows += [("mtu", "watu", "N;PL"), ("mti", "miti", "N;PL")]
    path = tmp_path / "unimorph" / "swa" / "swa"
    path.parent.mkdir(parents=True)
    path.write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")
    monkeypatch.setenv("UNIMORPH", str(tmp_path / "unimorph"))
    monkeypatch.setattr("app.paradigm.RUNS", tmp_path / "runs")
    return tmp_path


def test_a_form_that_no_table_lists_is_made_and_marked(package: Path) -> None:
    said: list[str] = []
    found = forms(
        "pembua",
        resolve("sw"),
        "3;SG;V;PST",
        access=Access(offline=True, report=said.append),
    )
    [row] = found.rows
    assert (row.features, row.form, row.by) == ("V;PST;3;SG", "alipembua", "rule")
    assert row.confidence is not None
    assert 0.9 < row.confidence < 1
    assert row.source.startswith("made by rules: ")
    assert "nobody has checked them" in found.notes[0]
    assert found.command == "python -m morph.inflect --lang sw pembua '3;SG;V;PST'"
    assert "making forms: 0 of 1" in said


def test_what_the_shell_command_answers_is_what_the_page_shows(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from morph.inflect.__main__ import main

    found = forms("pembua", resolve("sw"), "V;PST;3;SG", access=Access(offline=True))
    arguments = shlex.split(found.command)[3:]
    assert main([*arguments, "--offline"]) == 0
    [row] = found.rows
    assert capsys.readouterr().out.split("\t")[:4] == ["pembua", "V;PST;3;SG", row.form, row.by]


def test_all_forms_of_an_unknown_lemma_are_of_one_part_of_speech(package: Path) -> None:
    with pytest.raises(InputError, match=r'"pembua": .* expected a part of speech \(V, N\), found'):
        forms("pembua", resolve("sw"), access=Access(offline=True))
    verb = forms("pembua", resolve("sw"), part_of_speech="V", access=Access(offline=True))
    assert [row.features for row in verb.rows] == ["V;PST;3;SG", "V;PST;3;PL;NEG"]
    assert (verb.left_out, verb.command.split()[-2:]) == (0, ["--pos", "V"])


def test_the_rarest_bundles_are_left_out_and_that_is_said(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.paradigm.MOST_MADE", 1)
    verb = forms("pembua", resolve("sw"), part_of_speech="V", access=Access(offline=True))
    assert [row.features for row in verb.rows] == ["V;PST;3;SG"]
    assert any(note.startswith("1 rarer bundles are left out") for note in verb.notes)


def test_a_bundle_that_no_table_has_is_not_said_to_be_sure(package: Path) -> None:
    found = forms("pembua", resolve("sw"), "V;PST;3;PL", access=Access(offline=True))
    assert [row.sureness for row in found.rows] == ["not measured"]
    assert set(found.near) == {"V;PST;3;SG", "V;PST;3;PL;NEG", "N;PL"}
    with pytest.raises(InputError, match=r"did you mean PST\?.*; bundles like it: V;PST;3;SG,"):
        forms("pembua", resolve("sw"), "V;PAST;3;SG", access=Access(offline=True))


def test_a_model_is_a_folder_in_runs_and_nothing_else(package: Path) -> None:
    (package / "model").mkdir()
    (package / "model" / "config.json").write_text("{}")
    for name in ("..", str(package), "none"):
        with pytest.raises(
            InputError, match=r"expected a run of morph\.train in runs/ \(none there"
        ):
            forms("pembua", resolve("sw"), "V;PST;3;SG", model=name, access=Access(offline=True))


def test_forms_on_the_page(package: Path, run_page: Callable[..., Any]) -> None:
    test = run_page("try_it")
    inputs = {element.label: element for element in test.text_input}
    inputs["Lemma"].set_value("<pembua>")
    inputs["Features"].set_value("V;PST;3;SG")
    test.button[2].click().run()
    test.session_state["job-forms"].join()
    test.run()
    assert not test.exception
    shown = [element.proto.body for element in test.get("html")]
    [table] = [body for body in shown if "kl-table" in body]
    assert "ali&lt;pembua&gt;" in table
    assert "<em>(made)</em>" in table
    assert " %" in table
    assert any("nobody has checked them" in caption.value for caption in test.caption)
    assert any(one.value.startswith("python -m morph.inflect --lang sw") for one in test.code)
