"""The report: data is never HTML, right-to-left stands right, nothing is fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from data.languages import resolve
from icl import report
from icl.evaluate import evaluate
from icl.options import RunConfig

PAIRS = [
    ("مرحبا بكم في المدينة.", "Welcome to the city."),
    ("<script>alert(1)</script> & 'nukuu'", 'A "quoted" <b>sentence</b>.'),
    ("القطة نائمة على السرير.", "The cat is asleep on the bed."),
    ("ذهب الولد إلى المدرسة.", "The boy went to school."),
    ("أين الكتاب الجديد؟", "Where is the new book?"),
    ("الجو جميل اليوم.", "The weather is fine today."),
    ("نشرب الشاي كل صباح.", "We drink tea every morning."),
]


class Page(HTMLParser):
    """Tags with their attributes, and the text of the cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def page(tiny_decoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("arabic")
    rows = "".join(f"{arabic}\t{english}\n" for arabic, english in PAIRS)
    (folder / "pairs.tsv").write_text(f"ara\teng\n{rows}", "utf-8")
    config = RunConfig(
        "ar",
        direction="both",
        test_set=str(folder / "pairs.tsv"),
        model=str(tiny_decoder),
        max_new_tokens=8,
        offline=True,
        out=folder / "run",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("KILOLINGUA_MIRROR", raising=False)
        patch.setenv("KILOLINGUA_CACHE", str(folder / "cache"))
        evaluate(config)
    return Page((folder / "run" / "report.html").read_text("utf-8"))


def test_text_is_never_markup(page: Page) -> None:
    assert "script" not in [tag for tag, _ in page.tags]
    assert any("<script>alert(1)</script>" in text for text in page.texts)
    assert any('A "quoted" <b>sentence</b>.' in text for text in page.texts)


def test_right_to_left_text_says_so(page: Page) -> None:
    spans = [attributes for tag, attributes in page.tags if tag == "bdi" and "lang" in attributes]
    assert {(span["lang"], span["dir"]) for span in spans} == {("ar", "rtl"), ("en", "ltr")}


def test_opens_without_a_network(page: Page) -> None:
    addresses = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action")
    ]
    assert addresses == []
    assert not re.search(r"@import|url\(", " ".join(page.texts))


def test_says_what_a_reader_must_know(page: Page) -> None:
    text = " ".join(page.texts)
    assert "no gloss baseline for ar-en" in text
    assert "95% bootstrap, 1000 resamples" in text
    assert "The first prompt, 1 shot" in text
    assert "set-sha256:" in text


def score(low: float, value: float, high: float, name: str = "chrF++") -> Any:
    return SimpleNamespace(name=name, low=low, value=value, high=high)


@pytest.mark.parametrize(("number", "worst", "best"), [(1, [0], []), (5, [0, 1, 2], [4, 3])])
def test_segments_stand_from_the_worst_to_the_best(
    number: int, worst: list[int], best: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "segment_score", lambda _, row: row[0])
    monkeypatch.setattr(report, "diagnose", lambda records, shown: ("told", len(records), shown))
    task = SimpleNamespace(
        direction="ar-en",
        corpus=SimpleNamespace(source=resolve("ar"), target=resolve("en")),
        shots=[["one", "two"]],
    )
    system: Any = SimpleNamespace(
        name="model",
        label="a model",
        task=task,
        metrics=[SimpleNamespace(name="BLEU"), SimpleNamespace(name="chrF++")],
        requests=[SimpleNamespace(prompt="the prompt")],
    )
    records: Any = [{"id": n, "statistics": {"chrF++": [n]}} for n in reversed(range(number))]
    section = report._section(system, records)
    assert [one["id"] for one in section["worst"]] == worst
    assert [one["id"] for one in section["best"]] == best
    assert (section["heading"], section["ranked"]) == ("a model, ar-en", True)
    assert (section["shots"], section["first_prompt"]) == (2, "the prompt")
    assert section["diagnoses"] == ("told", number, 10)
    assert section["source"] == {"name": "Arabic", "code": "ar", "dir": "rtl"}
    assert section["target"]["dir"] == "ltr"
    system.name, system.metrics = "copy", [SimpleNamespace(name="BLEU")]
    copied = report._section(system, records)
    assert (copied["shots"], copied["first_prompt"], copied["diagnoses"]) == (0, None, ())
    assert copied["ranked"] is False
    assert [one["id"] for one in copied["worst"]] == list(reversed(range(number)))[: len(worst)]
    many: Any = [{"id": n, "statistics": {"chrF++": [n]}} for n in range(80)]
    system.metrics = [SimpleNamespace(name="chrF++")]
    shown = report._section(system, many)
    assert [one["id"] for one in shown["worst"]] == list(range(25))
    assert [one["id"] for one in shown["best"]] == list(range(79, 54, -1))
