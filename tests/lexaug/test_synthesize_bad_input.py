"""Every kind of bad input is named with where, what and what next; --skip-bad counts it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError, KilolinguaError
from lexaug.config import SynthesisConfig
from lexaug.synthesis.formats import packed as pack
from lexaug.synthesize import Synthesis, synthesize

LEXICON = b"big\tkubwa\ndog\tmbwa\nhouse\tnyumba\n"
NEWS = b"The big dog, the house.\n"
TAGS = b"big ADJ\ndog NOUN\nhouse NOUN\n\n"


def run(folder: Path, lexicon: bytes = LEXICON, text: bytes = NEWS, **options: Any) -> Synthesis:
    (folder / "lexicon.tsv").write_bytes(lexicon)
    (folder / "news.en").write_bytes(text)
    settings: dict[str, Any] = {
        "lexicon": str(folder / "lexicon.tsv"), "inflect": False, "out": folder / "out",
    }  # fmt: skip
    return synthesize(SynthesisConfig("sw", str(folder / "news.en"), **(settings | options)))


@pytest.mark.parametrize(
    ("lexicon", "message"),
    [
        (LEXICON * 7 + b"taa\n", r"lexicon\.tsv:22: expected 2 columns .*found 1 \(\"taa\"\); fix"),
        (b"", r"lexicon\.tsv.*found"),
        ("big\tдом\ndog\tпёс\nhouse\tдом\n".encode() * 5, r"lexicon\.tsv.*Cyrl"),
    ],
    ids=["one column", "empty", "another language"],
)
def test_lexicons(tmp_path: Path, lexicon: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(tmp_path, lexicon)


def test_a_lexicon_whose_header_names_another_language(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lexicon\.tsv:1: .*to Swahili, found.*to Wolof"):
        run(tmp_path, b"en\two\nbig\trey\ndog\txaj\n")


def test_a_target_with_a_tab(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lexicon\.tsv:16: expected 2 columns .*found 3"):
        run(tmp_path, LEXICON * 5 + b"cow\tng'ombe\tNOUN\n")


def test_bad_lines_of_a_lexicon_are_counted(tmp_path: Path) -> None:
    done = run(tmp_path, LEXICON * 7 + b"taa\n", skip_bad=True)
    assert done.folder is not None
    assert '"wrong number of columns": 1' in (done.folder / "config.json").read_text("utf-8")


def test_config_json_says_what_was_asked_for(tmp_path: Path) -> None:
    asked: dict[str, Any] = {
        "block_bytes": 1000, "compress": "gz", "format": "jsonl", "keep_share": 0.25, "limit": 3,
        "policy": "first", "provenance": True, "ratio": 0.75, "seed": 7, "skip_bad": True,
    }  # fmt: skip
    dropped = tmp_path / "dropped.txt"
    done = run(tmp_path, licence="CC-BY-4.0", dropped=dropped, **asked)
    assert done.folder is not None
    told = json.loads((done.folder / "config.json").read_text("utf-8"))
    assert told["command"] == "lexaug.synthesize"
    assert told["options"]["command"].startswith("python -m lexaug.synthesize --lang sw --input ")
    assert (told["options"]["text"], told["options"]["notes"]) == ("news.en", [])
    settings = told["run"]
    assert {name: settings.pop(name) for name in asked} == asked
    lexicon, text, licence = (settings.pop(name) for name in ("lexicon", "text", "licence"))
    assert settings == {
        "dropped": str(dropped),
        "inflection": {
            "description": "none: only the words that the lexicon lists are replaced",
            "tables": [],
        },
        "keep_at_least": 1,
        "keep_rule": "0.25 or more of its words replaced",
        "language": "sw",
        "language_name": "Swahili",
        "mode": "mono",
        "scheme": None,
    }
    assert len(lexicon.pop("sha256")) == len(text.pop("sha256_of_ends")) == 64
    assert lexicon == {
        "name": "lexicon.tsv", "entries": 3, "licence": "not stated", "dropped": {},
    }  # fmt: skip
    assert text == {"bytes": len(NEWS), "licence": "CC-BY-4.0"}
    assert (licence["strictest"], licence["hub"]) == ("not stated", "unknown")


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    bad = NEWS + b"caf\xe9\n" + NEWS
    with pytest.raises(InputError, match=r"news\.en:2: expected UTF-8, found byte 0xe9 at pos"):
        run(tmp_path, text=bad)
    done = run(tmp_path, text=bad, skip_bad=True)  # nothing was committed: the folder is free
    assert done.figures["dropped"] == {"not UTF-8": 1}
    assert (done.figures["records"], done.figures["kept"]) == (3, 2)


def test_a_tag_file_with_a_broken_line(tmp_path: Path) -> None:
    bad = TAGS + b"dog NOUN\nbarks\n\n" + TAGS
    message = r'news\.en:6: expected 2 columns \(token, tag\), found 1 \("barks"\); fix the line'
    with pytest.raises(InputError, match=message):
        run(tmp_path, text=bad, mode="tags")
    done = run(tmp_path, text=bad, mode="tags", skip_bad=True, dropped=tmp_path / "gone.tsv")
    assert done.figures["dropped"] == {"wrong number of columns": 1}
    assert (done.figures["records"], done.figures["kept"]) == (3, 2)
    gone = (tmp_path / "gone.tsv").read_text("utf-8")
    assert gone == "5\twrong number of columns\tdog NOUN / barks\n"


def test_tags_of_no_scheme(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r":1: expected Universal POS tags, or O.*found NN among"):
        run(tmp_path, text=b"dog NN\n", mode="tags")


def test_tags_that_break_the_scheme(tmp_path: Path) -> None:
    mended = run(tmp_path, text=b"big O\ndog I-PER\nhouse I-PER\n", mode="tags")
    assert mended.figures["repaired"] == {"tag of IOB1, made BIO": 1}
    with pytest.raises(InputError, match=r"news\.en:2: expected O, B-LABEL or I-LABEL, found PER"):
        run(tmp_path, text=b"big O\ndog PER\n", mode="tags", scheme="bio", out=tmp_path / "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("missing.en", r"missing\.en: no such file, and no corpus of that name in the catalog"),
        ("ewt", r"ewt is a pos \(conll\); this mode needs lines of text"),
        ("lafand:tset", 'lafand has no English in the split "tset"; it has: train, test, dev'),
        (".", "expected a file, found a folder"),
    ],
)
def test_no_such_text(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        synthesize(SynthesisConfig("sw", text, lexicon="sample", inflect=False))


def test_an_empty_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"news\.en: expected text, found none"):
        run(tmp_path, text=b"")


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_packed_file_that_was_cut_short(tmp_path: Path, suffix: str) -> None:
    packed = tmp_path / f"news.{suffix}"
    packed.write_bytes(pack(NEWS * 1000, suffix) + pack(NEWS * 1000, suffix)[:-9])
    with pytest.raises(InputError, match=rf"news\.{suffix}: damaged \(.* fetch or pack the file"):
        synthesize(SynthesisConfig("sw", str(packed), lexicon="sample", out=tmp_path / "out"))


def test_folders_that_are_not_this_run(tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(
        InputError, match=r"another run \(it differs in ratio: 1\.0, now 0\.5\); choose"
    ):
        run(tmp_path, ratio=0.5)
    with pytest.raises(InputError, match=r"another run .*text\.bytes: 24, now 48"):
        run(tmp_path, text=NEWS * 2)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "text.txt").write_text("dear diary")
    with pytest.raises(
        InputError, match=r"holds text\.txt and no config\.json that says of which run"
    ):
        run(tmp_path, out=tmp_path / "mine")
    with pytest.raises(InputError, match=r"text\.txt: there is such a file already; name another"):
        run(tmp_path, out=tmp_path / "new", dropped=tmp_path / "mine" / "text.txt")
    assert (tmp_path / "mine" / "text.txt").read_text() == "dear diary"


def test_errors_are_of_two_kinds() -> None:
    assert issubclass(InputError, KilolinguaError)


@pytest.mark.parametrize("block_bytes", [200, 1 << 20])
def test_a_thousand_sentences_without_a_name_do_not_tell_the_scheme(
    tmp_path: Path, block_bytes: int
) -> None:
    text = b"dog O\n\n" * 1001 + b"big B-ORG\ndog I-ORG\nhouse E-ORG\n\n" * 2
    done = run(tmp_path, text=text, mode="tags", block_bytes=block_bytes)
    assert done.folder is not None
    assert "nyumba I-ORG\n" in (done.folder / "tags.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "switch", "keep_at_least": 1}, "the mode switch keeps all lines; leave the keep"),
        ({"mode": "switch", "keep_share": 0.5}, "the mode switch keeps all lines; leave the keep"),
        ({"mode": "switch", "ratio": 1.0}, "--ratio 1: the mode switch needs less than 1; --mode"),
        ({"inflect": False, "inflect_with": "tables"}, "--no-inflect and --inflect-with exclude"),
        ({"inflect": None, "out": Path("-"), "provenance": True}, "--out - takes text or jsonl"),
        ({"out": Path("-"), "format": "parquet"}, "--out - takes text or jsonl without --prov"),
        ({"scheme": "pos"}, "--scheme is for tagged text: --mode tags"),
        ({"policy": "pos"}, "--policy pos needs tagged text: --mode tags"),
        ({"keep_at_least": 1, "keep_share": 0.5}, "exclude each other; give one"),
        ({"format": "parquet", "compress": "gz"}, "--compress is for text and jsonl; Parquet is"),
    ],
)
def test_options_that_do_not_go_together(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run(tmp_path, **options)


@pytest.mark.parametrize(
    ("name", "least"), [("keep_at_least", 0), ("limit", 1), ("seed", 0), ("workers", 1)]
)
def test_numbers_have_a_least(name: str, least: int) -> None:
    assert getattr(SynthesisConfig("sw", "x", **{name: least}), name) == least  # type: ignore[arg-type]
    flag = f"--{name.replace('_', '-')}"
    with pytest.raises(InputError, match=f"^{flag} {least - 1}: expected {least} or more$"):
        SynthesisConfig("sw", "x", **{name: least - 1})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["ratio", "keep_share", "inflect_confidence"])
def test_shares_are_from_0_to_1(name: str) -> None:
    for share in (0.0, 1.0):
        assert getattr(SynthesisConfig("sw", "x", **{name: share}), name) == share  # type: ignore[arg-type]
    flag = f"--{name.replace('_', '-')}"
    for share in (-0.001, 1.001):
        with pytest.raises(InputError, match=f"^{flag} {share}: expected a share from 0 to 1$"):
            SynthesisConfig("sw", "x", **{name: share})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "share", "least"),
    [
        ({}, 1.0, 3),
        ({"mode": "tags"}, 1.0, 3),
        ({"mode": "switch"}, 0.5, 0),
        ({"mode": "switch", "ratio": 0.25}, 0.25, 0),
        ({"ratio": 0.0}, 0.0, 3),
        ({"keep_at_least": 0}, 1.0, 0),
        ({"keep_share": 0.0}, 1.0, 0),
        ({"keep_share": 0.5}, 1.0, 1),
    ],
    ids=str,
)
def test_what_is_replaced_and_kept_unless_it_is_asked_for(
    options: dict[str, Any], share: float, least: int
) -> None:
    config = SynthesisConfig("sw", "x", **options)
    assert (config.share, config.least) == (share, least)
    rule = f"fewer than {least} words replaced"
    if "keep_share" in options:
        rule = f"less than {options['keep_share']:g} of its words replaced"
    assert config.rule == rule


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"\n\n", "only blank lines and marks"),
        (b"-DOCSTART- O\n\n", "only blank lines and marks"),
        (b"barks\n\n", r"none but: wrong number of columns \(1\)"),
        (b"", "none in an empty file"),
    ],
)
def test_tagged_text_without_a_sentence(tmp_path: Path, text: bytes, found: str) -> None:
    with pytest.raises(
        InputError, match=rf"news\.en: expected labelled sentences, found {found}; give another"
    ):
        run(tmp_path, text=text, mode="tags", skip_bad=True)


def test_tags_that_the_scheme_lacks_are_left_out_on_request(tmp_path: Path) -> None:
    bad = b"big O\ndog PER\n\n" + b"big O\ndog B-PER\nhouse I-PER\n\n" * 9
    done = run(
        tmp_path, text=bad, mode="tags", scheme="bio", skip_bad=True, dropped=tmp_path / "gone.tsv"
    )
    assert sum(done.figures["dropped"].values()) == 1
    assert (done.figures["records"], done.figures["kept"]) == (10, 9)
    [gone] = (tmp_path / "gone.tsv").read_text("utf-8").splitlines()
    assert gone.split("\t")[0] == "1"
    assert gone.endswith("\tO PER")


@pytest.mark.parametrize("content", ["{", '{"command": "lexaug.synthesize", "text": 3}'])
def test_a_folder_whose_settings_are_damaged(tmp_path: Path, content: str) -> None:
    run(tmp_path)
    (tmp_path / "out" / "config.json").write_text(content)
    with pytest.raises(InputError, match=r"config\.json: .*choose another --out"):
        run(tmp_path)


def test_a_folder_of_another_command(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "out" / "config.json").write_text('{"command": "morph.train"}')
    with pytest.raises(
        InputError,
        match=r"config\.json: .*not the configuration of a run of lexaug\.synthesize; ch",
    ):
        run(tmp_path)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="pipe is a pipe; let it run into standard input: --input"):
        synthesize(SynthesisConfig("sw", str(pipe), lexicon="sample", inflect=False))
