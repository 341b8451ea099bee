"""What a run of lexaug seldom meets: a model that makes forms, packages that are missing, bytes of
one character that another stands between."""

from __future__ import annotations

import gzip
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from data.access import Access
from data.errors import InputError, UnavailableError
from data.files import sha256_file
from data.languages import resolve
from data.lexicon import Entry, ranked
from lexaug import paradigms, synthesize
from lexaug.config import SynthesisConfig
from lexaug.kernel import machine_code
from lexaug.paradigms import _described, find_inflection
from lexaug.phrases import compile_phrases
from lexaug.predicted_forms import Predictor, _checksums, load_predictor
from lexaug.synthesis import prepare as preparing
from lexaug.synthesis import writing
from lexaug.synthesis.blocks import _lines_to_check
from lexaug.synthesis.formats import _pyarrow
from lexaug.synthesis.inputs import Text, _chunks, open_text
from lexaug.synthesis.journal import Journal, Position, Tally

SWAHILI = resolve("sw")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Access:
    """Tables of English and Swahili in the folder of the package unimorph; nothing else."""
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    monkeypatch.setenv("UNIMORPH", str(tmp_path / "unimorph"))
    for code, row in (("eng", "walk\twalked\tV;PST"), ("swa", "pembuka\talipembuka\tV;PST;3;SG")):
        path = tmp_path / "unimorph" / code / code
        path.parent.mkdir(parents=True)
        path.write_text(f"{row}\n", "utf-8")
    return Access(cache=tmp_path / "cache", offline=True)


def test_forms_that_are_asked_for_need_tables_of_both_languages(
    package: Access, tmp_path: Path
) -> None:
    own, english = tmp_path / "unimorph/swa/swa", tmp_path / "unimorph/eng/eng"
    for path, name in ((own, "Swahili"), (english, "English")):
        path.unlink()
        path.parent.rmdir()
        told = f"^--inflect: no inflection table of {name} could be had; see python -m data.catalog"
        with pytest.raises(UnavailableError, match=told):
            find_inflection(SWAHILI, wanted=True, access=package)
    found = find_inflection(SWAHILI, wanted=None, access=package)
    assert found.description == (
        "English forms from regular plurals; no table of Swahili, so that lemmas stand"
    )
    assert (found.tables, found.predicted) == ((), None)


def test_a_model_makes_the_forms_anew_each_time(
    package: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inflector: Any = object()
    about = {"by": "model", "confidence": 0.8, "model": {}}
    asked: list[tuple[Any, ...]] = []

    def load(*arguments: Any, **options: Any) -> Predictor:
        asked.append((*arguments, options["least"]))
        return Predictor(inflector, about)

    monkeypatch.setattr(paradigms, "load_predictor", load)
    found = find_inflection(
        SWAHILI, wanted=True, way=str(tmp_path / "model"), least=0.7, access=package
    )
    assert asked == [(SWAHILI, str(tmp_path / "model"), 0.7)]
    assert found.predicted == about
    assert found.predicted is not about
    assert "else from a trained model where the confidence is 0.8 or more" in found.description
    assert found._source is not None
    assert found._source.inflector is inflector
    made: list[Any] = []
    monkeypatch.setattr(
        paradigms._Source, "_made", lambda _, *given: made.append(given) or ["form"]
    )
    lexicon: Any = object()
    for _ in range(2):
        assert found._source.forms(lexicon, None) == ["form"]
    assert made == [(lexicon, None)] * 2
    assert not (tmp_path / "cache" / "lexaug").exists()


def test_what_is_said_of_forms() -> None:
    own: Any = [SimpleNamespace(name="a"), SimpleNamespace(name="b")]
    assert _described(SWAHILI, own, None) == "Swahili forms from a and b"
    told = "Swahili forms from a and b, else from rules learned from them where the confidence is"
    assert _described(SWAHILI, own, {"by": "rules", "confidence": 1.0}) == f"{told} 1 or more"


def test_a_models_files_are_named_with_their_checksums(
    package: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    names = ["b.safetensors", "a.json", "calibration.json", "notes.txt"]
    for name in names:
        (folder / name).write_text(name)
    expected = {name: sha256_file(folder / name) for name in sorted(names[:3])}
    assert list(_checksums(folder).items()) == list(expected.items())
    opened: Any = SimpleNamespace(folder=folder)
    monkeypatch.setattr("morph.inflect.sources.open_model", lambda *_, **__: opened)
    about = load_predictor(SWAHILI, str(folder), least=0.6, access=package).about
    assert about["by"] == "model"
    assert about["model"] == expected
    assert about["confidence"] == 0.6
    assert load_predictor(SWAHILI, "rules", access=package).about["by"] == "rules"


def test_bytes_of_a_character_that_another_stands_between_are_looked_at() -> None:
    assert _lines_to_check(b"\xc3a\xa9\nb\n", False) == [(0, 0, 3)]
    assert _lines_to_check(b"b\n\xc3\xa9\n", False) == []
    assert _lines_to_check(b"b\n\xc3 \xa9\n", True) == [(1, 2, 5)]


def test_packages_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _pyarrow("json").loads("1") == 1
    told = "^--format parquet needs the package pyarrow; pip install"
    with pytest.raises(UnavailableError, match=told):
        _pyarrow("no_such_package")
    monkeypatch.setitem(sys.modules, "numba", None)
    machine_code._llvm.cache_clear()
    with pytest.raises(UnavailableError, match=r"^numba is not installed, which substitution at"):
        machine_code._llvm()


def test_whoever_looks_at_every_line_gets_the_function_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from lexaug.kernel.run_block import run

    monkeypatch.setattr(machine_code, "_is_jit_disabled", lambda: True)
    found = machine_code.bound_kernel(1, 2)
    assert isinstance(found, partial)
    assert (found.func, found.args) == (run, (1, 2))


def test_each_file_ends_a_line(tmp_path: Path) -> None:
    contents = (b"a\nb", b"", b"c\n", b"d")
    paths = [tmp_path / f"{n}.txt" for n, _ in enumerate(contents)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    assert b"".join(_chunks(paths)) == b"a\nb\nc\nd\n"


def test_a_journal_that_is_not_open_takes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(ValueError, match=r"commit before open$"):
        journal.commit({}, Position(), Tally())
    assert journal.commits == 0


def test_a_worker_calls_what_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_work", None, raising=False)
    writing._receive(lambda item: [item])
    assert writing._call(3) == [3]


def test_the_first_run_says_that_it_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lexicon.tsv").write_text("dog\tmbwa\n", "utf-8")
    for name, text in (("text.en", "A dog.\n"), ("text.conllu", "dog NOUN\n")):
        (tmp_path / name).write_text(text, "utf-8")
    told = "compiling the substitution for this machine; the code is kept in the cache"
    for is_compiled, mode, name, expected in (
        (False, "mono", "text.en", [told]),
        (True, "mono", "text.en", []),
        (False, "tags", "text.conllu", []),
    ):
        monkeypatch.setattr(preparing, "is_compiled", lambda known=is_compiled: known)
        said: list[str] = []
        config = SynthesisConfig(
            "sw", str(tmp_path / name), mode=mode, lexicon=str(tmp_path / "lexicon.tsv"),
            inflect=False, offline=True, out=tmp_path / "out",
        )  # fmt: skip
        preparing.prepare(config, Access(report=said.append, offline=True))
        assert [line for line in said if "compiling" in line] == expected


FIGURES = {
    "kept": 1000, "records": 2000, "kept_share": 50.0, "token_coverage": None,
    "type_coverage": 12.25, "replaced_share": 7.0,
    "dropped": {"too short": 1000}, "repaired": {"tabs": 2}, "by_rule": {"exact": 1200, "lemma": 3},
}  # fmt: skip


def test_what_a_run_says_at_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = [
        "kept 1,000 of 2,000 (50.0 %)",
        "  too short: 1,000",
        "  tabs: 2",
        "coverage none of words, 12.2 % of types",
        "replaced 7.0 % of the words kept: exact 1,200, lemma 3",
    ]
    assert list(synthesize._told(FIGURES)) == lines
    monkeypatch.setattr("lexaug.synthesis.prepare.prepare", lambda *_: None)
    config = SynthesisConfig("sw", "sample")
    for folder, expected in ((tmp_path, f"{tmp_path}\n"), (None, "")):
        done = SimpleNamespace(figures=FIGURES, folder=folder)
        monkeypatch.setattr(synthesize, "_written", lambda *_, done=done: done)
        synthesize._synthesize(config)
        shown = capsys.readouterr()
        assert shown.out == expected
        assert shown.err.splitlines() == lines


def test_a_buffer_grows_when_a_line_becomes_longer_than_all_of_it() -> None:
    pytest.importorskip("numba", reason='needs pip install -e ".[lexaug]"')
    from lexaug.compiled import CompiledTable, Workspace

    table = CompiledTable(compile_phrases(ranked([Entry("dog", "mbwa")], "en", "sw")), 1.0, 1, 0)
    settings: Any = SimpleNamespace(source=False, provenance=False)
    space = Workspace(b"a dog\n", 1, settings, table._arrays)
    room = len(space.buffers.text)
    for content in (b"a" * (room - 1), b"b", b"c", b"d" * room):
        space.append("text", content)
    assert space.filled("text") == b"a" * (room - 1) + b"bc" + b"d" * room
    assert space.filled("unknown") == b""


def test_a_text_is_read_from_any_of_its_bytes_on(tmp_path: Path) -> None:
    content = b"a\nbc\ndef\n"
    plain, packed = tmp_path / "a.txt", tmp_path / "a.txt.gz"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    texts = [Text("a", (plain,)), Text("a", (packed,)), Text("a", (plain, plain))]
    texts.append(Text("a", (), inline=content))
    for text in texts:
        whole = content * max(1, len(text.paths))
        for offset in range(len(whole) + 1):
            with open_text(text, offset) as stream:
                assert stream.read() == whole[offset:]
    with pytest.raises(InputError, match=r"^a: shorter than when the run began; choose another"):
        open_text(texts[1], len(content) + 1)
