"""What exists for a language, and whether its sizes are those of the files.

pytest tests/data/test_resources.py
"""

from __future__ import annotations

import csv
import json
import subprocess
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from langcodes.data_dicts import MACROLANGUAGES

from data.catalog import catalog, dataset
from data.errors import InputError
from data.labelled import LabelledText, read_labelled
from data.languages import resolve
from data.resources import (
    KINDS,
    SIZES,
    VARIETIES,
    VARIETY_COLUMNS,
    Resource,
    checksum,
    left_out,
    parts,
    resources,
    sizes,
)
from data.resources.__main__ import main
from data.resources.measure import measured
from data.tsv import read_tsv


def found(name: str, group: str) -> Resource:
    [resource] = [r for r in resources() if (r.dataset, r.group) == (name, group)]
    return resource


def test_a_resource() -> None:
    assert found("ntrex-128", "swa") == Resource(
        glottocode="swah1253",
        language="sw",
        kind="test_set",
        dataset="ntrex-128",
        group="swa",
        size=1997,
        unit="segments",
        licence="CC-BY-SA-4.0",
        link="https://github.com/MicrosoftTranslator/NTREX",
        source="Federmann, Kocmi and Xin 2022, https://aclanthology.org/2022.sumeval-1.4",
    )


def test_every_file_in_a_language_is_counted_once_or_left_out() -> None:
    for entry in catalog().values():
        if entry.kind in KINDS:
            counted = [file.path for part in parts(entry) for file in part.files]
            left = sum(number for of, _, number in left_out() if of is entry)
            assert len(set(counted)) == len(counted)
            assert len(counted) + left == sum(bool(file.codes) for file in entry.files)


# Their publisher's files could be had by nobody who counts here, and no list states their lines.
UNCOUNTED = {("lafand", "en-lug"), ("lafand", "en-tsn")}


def test_every_pinned_resource_has_a_size_and_no_other() -> None:
    """Fails when the catalog's files change: run python -m data.resources measure."""
    for entry in catalog().values():
        for part in parts(entry):
            pinned = all(file.sha256 for file in part.files)
            sizes_here = {
                r.size for r in resources() if (r.dataset, r.group) == (entry.name, part.group)
            }
            assert len(sizes_here) == 1
            known = pinned and (entry.name, part.group) not in UNCOUNTED
            assert (None not in sizes_here) == known, f"{entry.name} {part.group}"
            assert 0 not in sizes_here


def test_the_size_of_other_files_is_unknown() -> None:
    [part] = parts(dataset("slurp"))
    assert checksum(part) == sizes()["slurp", "en"].files
    changed = replace(part.files[0], sha256="0" * 64)
    assert checksum(part._replace(files=(changed, *part.files[1:]))) != checksum(part)
    unpinned = replace(part.files[0], sha256=None)
    assert checksum(part._replace(files=(unpinned, *part.files[1:]))) is None
    assert found("flores-200", "wol_Latn").size is None
    assert found("unimorph", "fin").size is None


def test_both_languages_of_a_lexicon_have_it() -> None:
    both = {r.language: r for r in resources() if r.group == "wol-fra"}
    assert set(both) == {"wo", "fr"}
    assert both["wo"].size == both["fr"].size


@pytest.mark.parametrize(
    ("name", "group", "glottocode"),
    [
        ("lafand", "en-swa", "swah1253"),  # the macrolanguage means swh
        ("unimorph", "swc", "cong1236"),
        ("gatitos", "en-om", "west2721"),  # gaz
        ("gatitos", "en-fa-AF", "dari1249"),
        ("gatitos", "en-doi", "dogr1250"),  # told by the publisher
        ("ntrex-128", "zho-TW", "mand1415"),
        ("sigmorphon2023", "jap", "nucl1643"),
        ("sigmorphon2023", "heb_unvoc", "hebr1245"),
        ("xsid", "de-ba", "bava1246"),  # Bavarian, not the German of Bosnia
        ("xsid", "de-muc", "bava1246"),
        ("xsid", "de-st", "bava1246"),
        ("unimorph", "ckt", "chuk1273"),
    ],
)
def test_glottocodes(name: str, group: str, glottocode: str) -> None:
    here = [r for r in resources() if (r.dataset, r.group) == (name, group) and r.language != "en"]
    assert [r.glottocode for r in here] == [glottocode]


def test_what_is_left_without_a_glottocode(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--unmapped"]) == 0
    header, *lines, total = capsys.readouterr().out.splitlines()
    assert header.split() == [
        "language",
        "glottocode",
        "kind",
        "data",
        "set",
        "group",
        "size",
        "unit",
        "licence",
    ]
    groups = [line.split()[4] for line in lines]
    # Sardinian, Balochi, Berber, Fula, Romani, Cree, Haida: groups of languages.
    assert groups == [
        "srd_Latn",
        *["en-bal", "en-ber-Latn", "en-ber", "en-ff", "en-rom", "cre", "hai"],
        *["srd_Latn", "ber-eng"],
    ]
    assert total.startswith("10 resources, ")


def test_glottolog_knows_the_glottocodes(mirror: Path) -> None:
    with open(mirror / "glottolog/cldf/languages.csv", encoding="utf-8", newline="") as lines:
        languoids = {row["Glottocode"]: row for row in csv.DictReader(lines)}
    for resource in resources():
        if resource.glottocode:
            assert languoids[resource.glottocode]["Level"] in ("language", "dialect")
    for row in read_tsv(VARIETIES, VARIETY_COLUMNS, header=True):
        _, code, glottocode, _ = row.cells
        if glottocode != "-":
            iso639_3 = languoids[glottocode]["ISO639P3code"]
            assert MACROLANGUAGES[iso639_3] == resolve(code).bcp47 == code


def shell(command: str, folder: Path) -> int:
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


# Paragraphs, which are sentences in the two-column files.
PARAGRAPHS = "awk -v RS= 'END {print NR}'"


@pytest.mark.parametrize(
    ("name", "group", "command"),
    [
        ("ntrex-128", "yue", "grep -c . ntrex/NTREX-128/newstest2019-ref.yue.txt"),
        ("gatitos", "en-wo", "sort -u gatitos/en_wo.tsv | wc -l"),
        ("gatitos", "en-arn", "sort -u gatitos/en_arn.tsv | grep -c $'\\t.'"),
        ("lafand", "en-hau", "cat lafand/text_files/en-hau/*.hau | wc -l"),
        # Two of its lines are one mark of direction, U+200E or U+200F, on both sides.
        (
            "lafand",
            "en-swa",
            "cat lafand/text_files/en-swa/*.swa | grep -vcx $'\\xe2\\x80\\x8e\\|\\xe2\\x80\\x8f'",
        ),
        ("unimorph", "swc", "tr -d '\\r' < unimorph/swc/swc | grep . | sort -u | wc -l"),
        ("unimorph", "mlt", "grep . unimorph/mlt/mlt | sort -u | wc -l"),
        ("sigmorphon2023", "heb", "cat sigmorphon2023/part1/data/heb.{trn,dev,tst} | wc -l"),
        ("masakhapos", "bam", f"cat masakhapos/data/bam/*.txt | {PARAGRAPHS}"),
        ("sib200", "wol_Latn", "cat sib200/wol_Latn/*.tsv | grep -vc ^index_id"),
        ("afrisenti", "pcm", "cat afrisenti/pcm/*.tsv | grep -vc '^tweet\tlabel'"),
        ("tatoeba", "swh-eng", "wc -l < tatoeba/tatoeba.swh-eng.swh"),
        ("clinc150", "en", r"expr $(grep -c '^ \{12\}.' clinc150/data_full.json) / 2"),
        ("xsid", "no", "grep -h '^1.' xsid/xSID-0.7/no.* | grep -c -P '^1\\t[^\\t]'"),
        ("xsid", "ja", "cat xsid/xSID-0.7/ja.* | grep -c '^# intent'"),
        ("slurp", "en", "cat slurp/dataset/slurp/*.jsonl | wc -l"),
    ],
)
def test_sizes_against_other_tools(mirror: Path, name: str, group: str, command: str) -> None:
    counted = {r.size for r in resources() if (r.dataset, r.group) == (name, group)}
    assert counted == {shell(command, mirror)}


def test_list_of_a_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--lang", "wolof", "--kind", "lexicon"]) == 0
    _, gatitos, freedict, total = capsys.readouterr().out.splitlines()
    assert gatitos.split() == [
        "wo",
        "nucl1347",
        "lexicon",
        "gatitos",
        "en-wo",
        "4,034",
        "entries",
        "CC-BY-4.0",
    ]
    assert freedict.split()[4] == "wol-fra"
    assert total == "2 resources, 0 of unknown size"


def test_list_of_what_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--left-out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        "sigmorphon2023  covered-dev           27 files  the rows of dev without their forms"
        in lines
    )


@pytest.mark.parametrize(
    ("names", "parts"),
    [(["xsid", "lafand"], 19 + 4), pytest.param(["freedict"], 18, marks=pytest.mark.slow)],
)
def test_measure_finds_what_the_table_says(
    names: list[str],
    parts: int,
    mirror: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert mirror
    out = tmp_path / "sizes.tsv"
    assert main(["measure", *names, "--offline", "--out", str(out)]) == 0
    assert out.read_bytes() == SIZES.read_bytes()
    assert len(capsys.readouterr().out.splitlines()) == parts + 1


def test_measure_without_the_files_keeps_the_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    out = tmp_path / "sizes.tsv"
    assert main(["measure", "slurp", "--offline", "--out", str(out)]) == 0
    assert capsys.readouterr().err == "slurp en: no source has its files\n"
    assert out.read_bytes() == SIZES.read_bytes()


def test_a_data_set_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", "xsids"]) == 2
    assert "did you mean xsid?" in capsys.readouterr().err


def test_kinds_and_units_belong_together() -> None:
    units = Counter((r.kind, r.unit) for r in resources())
    assert set(units) == set(KINDS.values())


def part_of(name: str, **paths: str) -> tuple[int, str]:
    """What a part of a data set measures whose files have this content, by role."""
    part = next(iter(parts(dataset(name))))
    folder = Path(tempfile.mkdtemp())
    found: dict[str, list[Path]] = {}
    for role, text in paths.items():
        role, _, side = role.partition("__")
        path = folder / f"{role}{side}"
        path.write_text(text, "utf-8")
        found.setdefault(role.replace("_", "-"), []).append(path)
    return measured(part, found)


def test_what_is_counted_of_each_kind() -> None:
    lines = "Habari.\n\n \nNzuri \ufffd.\n"
    assert part_of("ntrex-128", test=lines) == (2, "data.tsv.read_lines")
    pairs = {"train": "a\nb\n\n", "train__2": "c\n\nd\n", "dev": "e\n", "dev__2": "f\n"}
    assert part_of("lafand", **pairs) == (2, "data.parallel.read_aligned")
    table = "index_id\tcategory\ttext\n1\tafya\tMbu \ufffd\n2\tafya\tMbu\n"
    assert part_of("sib200", train=table, dev=table) == (4, "data.labelled")
    rows = "soma\talisoma\tV;PST\nsoma\talisoma\tV;PST\nbad\nsoma\tkusoma\tV;NFIN\n"
    assert part_of("unimorph", forms=rows) == (2, "data.unimorph.read_triples")
    shared = "soma\tV;PST\talisoma\nsoma\tV;PST\talisoma\nbad\nsoma\tV;NFIN\tkusoma\n"
    assert part_of("sigmorphon2023", train=shared) == (3, "data.unimorph.read_triples")
    words = "mbwa NOUN\nlala VERB\n\nbad\n\npaka\ufffd NOUN\n"
    assert part_of("masakhapos", train=words, test=words) == (4, "data.tagged.read_tagged")
    said = {"id": "1", "locale": "sw-KE", "scenario": "alarm", "intent": "a", "worker_id": "1"}
    said |= {"utt": "saa tisa", "annot_utt": "saa tisa"}
    splits = ("train", "dev", "test", "test", "none")
    rows = (said | {"id": str(n), "partition": split} for n, split in enumerate(splits))
    whole = "".join(f"{json.dumps(row)}\n" for row in rows)
    assert part_of("massive-1.1", utterances=whole) == (4, "data.utterances.read_split")
    token = {"surface": "play", "id": 0}
    played = {"slurp_id": 1, "sentence": "play", "intent": "a", "scenario": "b", "action": "c"}
    line = f"{json.dumps(played | {'tokens': [token], 'entities': []})}\n"
    assert part_of("slurp", dev=line * 2, test=line) == (3, "data.utterances.read_split")


def test_texts_with_one_label_each(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("label\tid\ttweet\nchanya\t1\tsafi sana\nhasi\t2\t\n", "utf-8")
    assert list(read_labelled(dataset("afrisenti"), path)) == [
        LabelledText("safi sana", "chanya"),
        LabelledText("", "hasi"),  # tweets may be anything
    ]
    path.write_text("tweet\tsentiment\nx\ty\n")
    with pytest.raises(InputError) as caught:
        list(read_labelled(dataset("afrisenti"), path))
    assert str(caught.value) == (
        f"{path}:1: expected a column text or tweet and a column category or label, found"
        " tweet, sentiment"
    )
    path.write_text("words\tlabel\nx\ty\n")
    with pytest.raises(InputError, match="expected a column text or tweet"):
        list(read_labelled(dataset("afrisenti"), path))
    path.write_text('{"train": [["weka kengele", "alarm"]], "oos_test": [["mbwa", "oos"]]}')
    assert list(read_labelled(dataset("clinc150"), path)) == [
        LabelledText("weka kengele", "alarm", "train"),
        LabelledText("mbwa", "oos", "oos_test"),
    ]
    path.write_text('{"train": [["weka kengele", "alarm", "x"]]}')
    with pytest.raises(InputError, match=r"expected \[text, intent\] in train, found \['weka"):
        list(read_labelled(dataset("clinc150"), path))
    with pytest.raises(InputError, match="ntrex-128 is a test-set, not labelled text"):
        list(read_labelled(dataset("ntrex-128"), path))
