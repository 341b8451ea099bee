"""Try: work in the background, a sentence, a paragraph, the forms of a lemma."""

from __future__ import annotations

import threading
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from app import translation
from app.job import Cancelled, Job
from app.paradigm import forms
from app.paragraph import marked, rewrite
from app.translation import translate
from data.errors import InputError, UnavailableError
from data.languages import resolve
from icl.run import RunConfig


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
    translation._ASKING[:] = [second]
    translation._say("converting the weights")
    assert second.line == "converting the weights"
    translation._ASKING[:] = [first]
    with pytest.raises(Cancelled):
        translation._say("converting the weights")


def test_a_paragraph_is_what_synthesis_writes(no_mirror: None) -> None:
    from data.load import load_lexicon
    from data.randomness import key
    from lexaug.phrases import compile_phrases
    from lexaug.substitute import substitute_line

    text = "My grandmother reads a book.\nThe children <sleep> & eat fish."
    found = rewrite(text, "sw", offline=True, seed=3)
    table = compile_phrases(load_lexicon(resolve("en"), resolve("sw"), offline=True))
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
        forms("etxe", resolve("eu"), offline=True)


def test_the_forms_of_a_lemma(mirror: Path) -> None:
    found = forms("Soma", resolve("sw"), offline=True)
    assert ("V;FIN;IND;COND;PRES;1;SG", "ningesoma", "unimorph/swc") in found.rows
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
