"""Readers of text: lines, tables, pairs, translation memories, corpora, archives, inflection tables."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from data.access import Access
from tests.fuzz.structures import gzipped, zstandarded
from tests.fuzz.target import Target, drain

PAIRS = (
    "en\tsw\nA cat sleeps.\tPaka amelala.\nHeavy rain\tMvua kubwa\nGood news, isn't it?\tHabari njema\n",
    "sw\tdoc\ten\nPaka amelala.\td1\tA cat sleeps.\n\u201cMvua\u201d\td1\tRain\nNg\u2019ombe\td2\tCow\n",
)
LINES = ("Paka amelala.\nMvua kubwa imenyesha.\n\nNg\u2019ombe\n", "ሰላም\nእንዴት ነህ\nमाता\n")
MEMORY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx version="1.4">'
    '<header creationtool="hand" segtype="sentence" adminlang="en" srclang="en" o-tmf="x"'
    ' datatype="plaintext" creationtoolversion="1"><note>ours</note></header><body>\n'
    '<tu tuid="1"><tuv xml:lang="en-GB"><seg>A <bpt i="1">&lt;b&gt;</bpt>cat<ept i="1">&lt;/b&gt;'
    '</ept> sleeps.</seg></tuv>\n<tuv xml:lang="sw"><seg>Paka amelala<ph x="1"/>.</seg></tuv></tu>\n'
    '<tu><tuv xml:lang="en"><seg>Heavy<ph>&lt;br/&gt;</ph>rain &amp; wind</seg></tuv>'
    '<tuv xml:lang="sw-KE"><prop type="x">y</prop><seg>Mvua kubwa</seg></tuv></tu>\n</body></tmx>\n',
    '<tmx version="1.1"><header/><body><tu><tuv lang="EN"><seg>Cow</seg></tuv><tuv lang="SW"><seg>'
    "Ng'ombe</seg></tuv><tuv lang='FR'><seg>Vache</seg></tuv></tu></body></tmx>",
)
RECORDS = (
    '{"id": "a", "text": "Paka amelala.", "meta": {"url": "x"}}\n{"text": "Mvua"}\n\n{"id": 3, "text": "N\\u0303ombe"}\n',
    '{"target": "Habari za asubuhi"}\n{"tokens": ["Paka", "amelala"], "tags": ["NOUN", "VERB"]}\n',
)
TRIPLES = (
    "soma\tV;PST;3;SG\talisoma\nsoma\tV;NFIN\tkusoma\npika\tV;PST;3;SG\talipika\nlala\tV;NFIN\tkulala\n",
    "lemma\tfeatures\tform\nsoma\tV;PST;3;SG\talisoma\npika\tV;FUT;ARGNO1P;ARGAC3S\tatapika\n",
    "soma\talisoma\tV;PST;3;SG\nsoma\tkusoma\tV;NFIN\npika\talipika\tV;PST;3;SG\npika\tkupika\tV;NFIN\n",
)
BUNDLES = (
    "V;PST;3;SG",
    "V;ARGNO1S;ARGAC3P;PST",
    "V;PST;NOM(1,SG);ACC(3,PL)",
    "ADJ;{NOM/ACC};MASC+FEM",
    "V.PTCP;PRS",
)


def targets() -> Iterator[Target]:
    """One row a reader."""
    yield from _lines_and_tables()
    yield from _parallel()
    yield from _corpora()
    yield from _inflection()
    yield Target("data/archive", "archive", (_archived(),), _member, file="a.zip")
    yield Target(
        "data/spelling", "text", (*LINES, "Εwe tεkpɔ NG’OMBE\nİstanbul ı\nكتاب يد\n"), _spelling
    )
    yield Target("data/spelling-rules", "tsv", (_spelling_table(),), _rules)
    yield Target("data/contamination", "text", LINES, _contamination)
    yield Target(
        "data/resolve",
        "text",
        ("sw\nswh_Latn\nsw-KE\nSwahili\nswah1253\nzh_Hant\nKiswahili",),
        _resolve,
    )


def _lines_and_tables() -> Iterator[Target]:
    from data.tsv import read_header, read_lines, read_tsv

    def cells(path: Path) -> None:
        drain(read_tsv(path, ("en", "sw"), header=True, skip_bad=False))
        drain(read_tsv(path, ("en", "sw"), header=False, skip_bad=True, dropped=Counter()))
        read_header(path)

    yield Target("data/lines", "text", LINES, lambda path: drain(read_lines(path)))
    yield Target("data/tsv", "tsv", PAIRS[:1], cells, file="a.tsv")
    yield Target("data/tsv.gz", "tsv.gz", (gzipped(PAIRS[0].encode()),), cells, file="a.tsv.gz")
    yield Target(
        "data/tsv.zst", "tsv.zst", (zstandarded(PAIRS[0].encode()),), cells, file="a.tsv.zst"
    )


def _parallel() -> Iterator[Target]:
    from data.languages import resolve
    from data.load import load_parallel
    from data.parallel import read_aligned, read_pairs_tsv, read_tmx

    sw, en = resolve("sw"), resolve("en")

    def loaded(path: Path) -> None:
        load_parallel(str(path), sw, en, access=Access(offline=True))

    yield Target(
        "data/pairs",
        "tsv",
        PAIRS[:1],
        lambda path: drain(read_pairs_tsv(path, "sw", "en")),
        file="a.tsv",
    )
    yield Target("data/aligned", "text", ("Paka amelala.\nMvua\nKesho\nNg\u2019ombe\n",), lambda path: drain(read_aligned(path, path.with_name("b.txt"))),
                 beside={"b.txt": b"A cat sleeps.\nIt rained.\nSoon\nCow\n"})  # fmt: skip
    yield Target(
        "data/tmx", "xml", MEMORY, lambda path: drain(read_tmx(path, "en", "sw")), file="a.tmx"
    )
    yield Target("data/load-tsv", "tsv", PAIRS, loaded, file="a.tsv")
    yield Target("data/load-tmx", "xml", MEMORY, loaded, file="a.tmx")


def _corpora() -> Iterator[Target]:
    from data.corpus import find_corpus

    def skipped(path: Path) -> None:
        drain(find_corpus(str(path)).records(skip_bad=True))

    def strict(path: Path) -> None:
        drain(find_corpus(str(path)).records())

    tagged = "Paka NOUN\namelala VERB\n\nMvua NOUN\n"
    for way, read in (("", strict), ("-skipped", skipped)):
        yield Target(f"data/corpus-txt{way}", "text", LINES, read)
        yield Target(f"data/corpus-jsonl{way}", "jsonl", RECORDS, read, file="a.jsonl")
    yield Target(
        "data/corpus-txt.gz", "text.gz", (gzipped(LINES[0].encode()),), strict, file="a.txt.gz"
    )
    yield Target(
        "data/corpus-jsonl.gz",
        "jsonl.gz",
        (gzipped(RECORDS[0].encode()),),
        strict,
        file="a.jsonl.gz",
    )
    yield Target("data/corpus-parquet", "numbers", (_parquet(),), strict, file="a.parquet")
    for mode, name, kind, content in (("text", "text.txt", "text", LINES[0]), ("parallel", "pairs.tsv", "tsv", "A cat\tPaka\nRain\tMvua\n"),
                                      ("tags", "tags.txt", "blocks", tagged)):  # fmt: skip
        about = {
            "mode": mode,
            "format": "text",
            "language": "sw",
            "licence": {"strictest": "CC0-1.0"},
        }
        settings = json.dumps({"run": about})
        yield Target(f"data/corpus-synthetic-{mode}", kind, (content,), lambda path: drain(find_corpus(str(path.parent)).records()),
                     file=name, beside={"config.json": settings.encode(), "coverage.json": b"{}"})  # fmt: skip


def _inflection() -> Iterator[Target]:
    from data.inflections.tags import check, parse, to_hierarchical, unknown
    from data.unimorph import read_triples

    def bundles(path: Path) -> None:
        for line in path.read_bytes().decode("utf-8", "replace").split("\n"):
            bundle = parse(line)
            unknown(bundle)
            to_hierarchical(bundle)
            check(line, "here")

    yield Target("data/triples", "tsv", TRIPLES, lambda path: drain(read_triples(path)))
    yield Target(
        "data/triples-skipped",
        "tsv",
        TRIPLES,
        lambda path: drain(read_triples(path, skip_bad=True)),
    )
    yield Target("data/triples-columns", "tsv", TRIPLES[:1],
                 lambda path: drain(read_triples(path, columns=("lemma", "features", "form"))))  # fmt: skip
    yield Target("data/bundles", "text", BUNDLES, bundles)


def _parquet() -> bytes:
    import pyarrow
    from pyarrow import parquet

    out = io.BytesIO()
    parquet.write_table(
        pyarrow.table({"id": ["a", "b"], "text": ["Paka amelala.", "Mvua"]}),
        out,
        compression="none",
    )
    return out.getvalue()


def _archived() -> bytes:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        opened.writestr(zipfile.ZipInfo("a/b.tsv", (1980, 1, 1, 0, 0, 0)), "paka\tcat\n")
    return out.getvalue()


def _member(path: Path) -> None:
    from data.archives import copy_member

    out = io.BytesIO()
    copy_member(path, "a/b.tsv", out, 5_000_000)
    assert len(out.getvalue()) <= 5_000_000


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def _spelling(path: Path) -> None:
    from data.spelling import fold, respell

    for line in _text(path).split("\n"):
        for language in ("sw", "ee", "ar", "tr", "av", None):
            fold(line, language)
            respell(line, language)


def _spelling_table() -> str:
    from data.spelling import TABLE

    return "\n".join(TABLE.read_text("utf-8").splitlines()[:12]) + "\n"


def _rules(path: Path) -> None:
    from data.spelling import read_rules

    drain(read_rules(path))


def _contamination(path: Path) -> None:
    from data.contamination import KeepOut
    from data.corpus_files import read_text_lines

    keep_out = KeepOut()
    keep_out.add("test", ["Mvua kubwa imenyesha", "ሰላም"])
    records = read_text_lines(path, skip_bad=True, dropped=Counter(), repairs=Counter())
    drain(keep_out.records(records, Counter()))


def _resolve(path: Path) -> None:
    """Every line is a language's name or code; a refusal of one does not end the others."""
    from data.errors import InputError
    from data.languages import resolve

    refused = None
    for line in _text(path).split("\n")[:20]:  # each refusal looks through 8,000 names
        try:
            resolve(line)
        except InputError as error:
            refused = error
    if refused is not None:
        raise refused
