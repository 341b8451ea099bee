"""Lexicons in every form, told by their contents and named; matching and glossing with them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.fuzz.target import Target

TABLE = (
    "en\tsw\tpos\tsense\torigin\nlook after\ttunza\tVERB\t1\tmine\ndog\tmbwa\tNOUN\t\t\ndog\tjibwa\tNOUN\t2\t\n",
    "word\ttranslation\nbig\tkubwa\nhouse\tnyumba\n",
)
PAIRS = ("dog\tmbwa\nlook after\ttunza\nbig\tkubwa\nbig\tkuu\n",)
MUSE = ("dog mbwa\ndog jibwa\nbig kubwa\nhouse nyumba\ncat paka\nrain mvua\n",)
WIKTEXTRACT = (
    '{"word": "dog", "lang_code": "en", "pos": "noun", "translations": [{"lang_code": "sw", "word": "mbwa", "sense": "animal"},'
    ' {"code": "fr", "word": "chien"}]}\n{"word": "look after", "lang_code": "en", "pos": "verb", "senses": [{"translations": '
    '[{"lang_code": "sw", "word": "tunza"}]}]}\n{"title": "colour", "redirect": "color", "word": "colour"}\n',
)
LIFT = (
    '<?xml version="1.0"?><lift><entry id="a"><lexical-unit><form lang="sw"><text>mbwa</text></form></lexical-unit><sense><grammatical-info'
    ' value="Noun"/><gloss lang="en"><text>dog; hound</text></gloss><definition><form lang="en"><text>an animal</text></form></definition></sense>'
    "</entry></lift>",
)
MDF = (
    "\\_sh v3.0 400 MDF 4.0\n\n\\lx mbwa\n\\ps n\n\\sn 1\n\\ge dog; hound\n\\gn chien\n\\se mbwa mwitu\n\\ge wild\n dog\n",
)
SHEET = ('English,Swahili,pos\n"dog; hound",mbwa,n\nlook after,tunza,v\n', "word;gloss\nmbwa;dog\n")
ARTICLES = (
    "mbwa /mbwa/ <n>\n1. dog\n2. cur, hound\n   Note: of people\n",
    "kitabu (vitabu) /kitabu/\nbook <n>\n",
    'soma /soma/ <v>\n  read\n  "kusoma kitabu" - to read a book\n  see: {pika}\n',
)
INDEX = "kitabu\tAy\tAm\nmbwa\tA\tAy\nsoma\tBY\tBP\tsoma\n"
PANLEX = {
    "langvar.csv": "id,lang_code,var_code\n1,eng,0\n2,swh,0\n",
    "expr.csv": 'id,langvar,txt,txt_degr\n10,1,dog,dog\n11,2,mbwa,mbwa\n12,2,jibwa,jibwa\n13,1,"look, after",x\n',
    "denotation.csv": "id,meaning,expr\n1,100,10\n2,100,11\n3,101,10\n4,101,12\n",
    "meaning.csv": "id,source\n100,7\n101,8\n",
    "source.csv": "id,quality,grp\n7,5,1\n8,3,2\n",
}


def targets() -> Iterator[Target]:
    """One row a form; PanLex and FreeDict a row a file."""
    for form, kind, seeds, name in (
        ("table", "tsv", TABLE, "a.tsv"),
        ("pairs", "tsv", PAIRS, "a.tsv"),
        ("muse", "spaces", MUSE, "a.txt"),
        ("wiktextract", "jsonl", WIKTEXTRACT, "a.jsonl"),
        ("lift", "xml", LIFT, "a.lift"),
        ("toolbox", "text", MDF, "a.db"),
        ("sheet", "csv", SHEET, "a.csv"),
    ):
        yield Target(f"lexicon/{form}", kind, seeds, _read(form, skip_bad=False), file=name)
        yield Target(
            f"lexicon/{form}-skipped",
            kind,
            seeds,
            _read(form, skip_bad=True),
            file=name,
            weight=0.5,
        )
        yield Target(
            f"lexicon/{form}-told", kind, seeds, _read(None, skip_bad=False), file=name, weight=0.5
        )
    yield from _dictd()
    for name, content in PANLEX.items():
        beside = {other: text.encode() for other, text in PANLEX.items() if other != name}
        yield Target(
            f"lexicon/panlex-{name[:-4]}",
            "csv",
            (content,),
            _folder,
            file=name,
            beside=beside,
            weight=0.5,
        )
    yield Target("lexicon/freedict-article", "text", ARTICLES, _article)
    yield Target(
        "lexicon/gloss",
        "text",
        ("The dog looks after a big house.", "Dogs’ house-dog 3 dogs"),
        _gloss,
    )


def _dictd() -> Iterator[Target]:
    text = "".join(ARTICLES).encode()
    index = _index(dict(zip(("mbwa", "kitabu", "soma"), ARTICLES, strict=True)))
    read = _read("dictd", skip_bad=True)
    strict = _read("dictd", skip_bad=False)
    packed = gzip.compress(text, mtime=0)
    yield Target(
        "lexicon/dictd-index",
        "dictd",
        (index,),
        strict,
        file="eng-swh.index",
        beside={"eng-swh.dict.dz": packed},
    )
    yield Target(
        "lexicon/dictd-index-skipped",
        "dictd",
        (index,),
        read,
        file="eng-swh.index",
        beside={"eng-swh.dict": text},
        weight=0.5,
    )
    yield Target("lexicon/dictd-text", "text", (text,), lambda path: read(path.with_suffix(".index")), file="eng-swh.dict",
                 beside={"eng-swh.index": index.encode()})  # fmt: skip
    yield Target("lexicon/dictd-packed", "text.gz", (packed,), lambda path: read(path.with_name("eng-swh.index")), file="eng-swh.dict.dz",
                 beside={"eng-swh.index": index.encode()}, weight=0.5)  # fmt: skip


def _index(articles: Mapping[str, str]) -> str:
    """dictd's index of articles that stand one after the other."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    def number(value: int) -> str:
        high, low = divmod(value, 64)
        return (number(high) if high else "") + digits[low]

    lines, at = [], 0
    for headword, article in articles.items():
        size = len(article.encode())
        lines.append(f"{headword}\t{number(at)}\t{number(size)}\n")
        at += size
    return "".join(sorted(lines))


def _read(form: str | None, *, skip_bad: bool):
    def read(path: Path) -> None:
        from data.lexicon.files import read_lexicon

        lexicon = read_lexicon(path, "en", "sw", form, skip_bad=skip_bad)
        lexicon.inverted()
        lexicon.lookup("dog")

    return read


def _folder(path: Path) -> None:
    from data.lexicon.files import read_lexicon

    read_lexicon(path.parent, "en", "sw")


def _article(path: Path) -> None:
    from collections import Counter

    from data.lexicon.freedict import parse_article

    parse_article(path.read_bytes().decode("utf-8", "replace"), dropped=Counter())


def _gloss(path: Path) -> None:
    from data.lexicon import Entry, gloss, ranked

    entries = [
        Entry(*pair) for pair in (("dog", "mbwa"), ("look after", "tunza"), ("big house", "jumba"))
    ]
    gloss(path.read_bytes().decode("utf-8", "replace"), ranked(entries, "en", "sw"))
