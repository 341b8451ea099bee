"""Command lines as a shell hands them over, test sets through a whole run, and the app's address.

An input is a command line, an argument a line. Commands that write where they are told are not
told where: a damaged --out would be a folder of the system.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from pathlib import Path

from data.access import Access
from tests.fuzz.commands import run_command
from tests.fuzz.made import copying_model
from tests.fuzz.target import Target
from tests.fuzz.verdict import check_page

PLACES = ("--out", "--dropped")
BESIDE = {
    "pairs.tsv": b"en\tsw\nA cat sleeps.\tPaka amelala.\nRain\tMvua\nCow\tNg'ombe\nGood news\tHabari njema\n",
    "lexicon.tsv": b"en\tsw\ndog\tmbwa\nbig\tkubwa\n",
    "table.tsv": b"soma\tV;PST;3;SG\talisoma\nsoma\tV;NFIN\tkusoma\npika\tV;PST;3;SG\talipika\n",
    "text.txt": b"The big dog sleeps.\n",
}
MAINS = {
    "data.catalog": "data.catalog.__main__",
    "data.resources": "data.resources.__main__",
    "data.lexicon": "data.lexicon.__main__",
    "data.inventory": "data.inventory.__main__",
    "training.fairseq": "training.fairseq.__main__",
    "training.tokenizer": "training.tokenizer.__main__",
    "morph.analyse": "morph.analyse.__main__",
    "morph.evaluate": "morph.evaluate.__main__",
    "morph.inflect": "morph.inflect.__main__",
    "morph.submit": "morph.submit.__main__",
}
NEED_OUT = ("lexaug.induce", "morph.submit", "training.fairseq")
SENTENCES = [f"{who} {does} {what}." for who in ("Amina", "Juma") for does in ("anasoma", "anauza", "anapika") for what in
             ("kitabu", "samaki", "matunda", "nguo", "maji", "mkate")]  # fmt: skip
LINES = {
    "data.catalog": ("list", "show gatitos"),
    "data.resources": ("list --lang sw", "list --kind lexicon"),
    "data.lexicon": ("show --lang sw --lexicon lexicon.tsv dog", "coverage --lang sw --lexicon lexicon.tsv --input text.txt --offline",
                     "show --lang sw --lexicon sample --format table --pos NOUN --offline"),
    "data.inventory": ("--genus Bantoid --has lexicon --limit 3 --offline", "--lang sw --offline", "--text swahili --format csv --offline"),
    "icl.eval": ("--lang sw --test-set pairs.tsv --shots 0 --model none --engine transformers --limit 2 --offline --seed 3",
                 "--lang sw,yo --direction both --select bm25 --template chat --metrics BLEU,chrF++ --offline --model none --dtype float32"),
    "icl.translate": ("--lang sw --model none --offline Habari",),
    "icl.compare": ("a b --systems copy,model --scores COMET=a.txt,b.txt --seed 1",),
    "icl.export": ("a",),
    "icl.merge": ("a b",),
    "lexaug.synthesize": ("--lang sw --input text.txt --lexicon lexicon.tsv --no-inflect --ratio 0.5 --keep-at-least 1 --offline",
                          "--lang sw --input text.txt --mode switch --policy first --format jsonl --lexicon lexicon.tsv --no-inflect --offline"),
    "lexaug.induce": ("--lang sw --corpus pairs.tsv --min-count 2 --offline",),
    "morph.inflect": ("--lang sw --table table.tsv --no-model --offline soma V;PST;3;SG", "--lang sw --table table.tsv --no-model --offline --paradigm soma"),
    "morph.analyse": ("--lang sw --table table.tsv --offline alisoma", "--lang sw --table table.tsv --offline --text text.txt --top 1 --least 0.5"),
    "morph.evaluate": ("--gold table.tsv --predictions table.tsv --lang sw",),
    "morph.submit": ("--task generic --covered table.tsv --train table.tsv --rules --system x --offline", "--task sigmorphon2023 --check x --offline"),
    "morph.train": ("--lang sw --train none.tsv --dev none.tsv --steps 1 --offline --networks 1 --hallucinate 0",),
    "training.pretrain": ("--corpus none.txt --objective mlm --config encoder-nano --tokenizer train:300 --steps 1 --offline --length 32",),
    "training.tag": ("--train none.txt --test none.txt --steps 1 --offline",),
    "training.translate": ("--pairs none.tsv --config m2m-nano --tokenizer train:300 --steps 1 --offline --length 32",),
    "training.tokenizer": ("fertility none --text sample:sw --offline", "extend none --text sample:sw --size 20 --offline"),
    "training.fairseq": ("prepare --objective mlm --train none.txt --valid text.txt --units characters", "read --generated none.txt --expected 3"),
}  # fmt: skip


def targets() -> Iterator[Target]:
    """One row a command, then the app."""
    for module, lines in LINES.items():
        seeds = tuple("\n".join(line.split()) for line in lines)
        yield Target(f"command/{module}", "text", seeds, lambda path, module=module: _command(module, path), file="arguments",
                     beside=BESIDE, weight=0.2, valid=False)  # fmt: skip
    tsv = "en\tsw\n" + "".join(f"Sentence {n} says so.\t{one}\n" for n, one in enumerate(SENTENCES))
    yield Target("icl/test-set", "tsv", (tsv,), _evaluated, file="pairs.tsv", weight=0.2)
    yield Target("app/address", "text", ("genus=Bantu&has=lexicon&class=3&box=20,-10,35,5&q=swahili&focus=swah1253",
                                         "family=Atlantic-Congo&missing=parallel&script=Latn"), _address)  # fmt: skip
    yield Target(
        "app/texts",
        "text",
        ("Kiswahili\n[Ewe](http://x) <script>", "ייִדיש **b** $x$ :red[a]"),
        _texts,
    )
    yield Target("inventory/find", "text", ("sw", "Swahili", "swah1253"), _found, weight=0.3)


def _command(module: str, path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape").replace("\0", "")
    arguments = [one for one in text.split("\n") if not one.startswith(PLACES)]
    main = importlib.import_module(MAINS.get(module, module)).main
    if module in ("icl.eval", "icl.translate") and "--model" not in arguments:
        arguments += ["--model", "none"]  # the default one may be installed, and is a real model
    if module in NEED_OUT:
        arguments += ["--out", "out"]
    with contextlib.chdir(path.parent):
        run_command(main, *arguments)


def _evaluated(path: Path) -> None:
    """A whole run over a test set, with the copy baseline as its model, and what is made of it."""
    from icl.evaluate import evaluate
    from icl.export import export
    from icl.options import RunConfig

    config = RunConfig("sw", test_set=str(path), shots=1, model="copy", metrics=("BLEU", "chrF++"), offline=True,
                       limit=2, out=path.parent / "out")  # fmt: skip
    with copying_model():
        done = evaluate(config)
        check_page(done.folder / "report.html")
        export(done.folder, path.parent / "exported")


def _inventory():
    from functools import cache

    from data.inventory import load_inventory

    return cache(load_inventory)(access=Access(offline=True))


def _address(path: Path) -> None:
    from urllib.parse import parse_qs

    from app.selection import Filters, problems, shown
    from app.texts import escape_markdown

    text = path.read_bytes().decode("utf-8", "replace")
    address = parse_qs(text, keep_blank_values=True)
    filters = Filters.from_address(address)
    for line in problems(address):
        _plain(escape_markdown(line))
    shown(_inventory().table, filters)
    filters.offered({"genus": ("Bantu",)})
    assert Filters.from_address(filters.to_address()) == filters


def _texts(path: Path) -> None:
    from html.parser import HTMLParser

    from app.texts import direction, escape_markdown, link, named, script_name, table

    text = path.read_bytes().decode("utf-8", "replace")
    page = (
        named(text, "sw")
        + link("language?lang=" + text, text)
        + table([[named(text), "1"]], [named(text)])
    )
    _plain(page)
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.append(tag)  # type: ignore[method-assign]
    parser.feed(page)
    expected = {"bdi", "a", "table", "thead", "tbody", "tr", "th", "td"}
    assert set(tags) <= expected, set(tags) - expected
    _plain(escape_markdown(text))
    direction(text)
    script_name(text[:4])


def _plain(shown: str) -> None:
    from data.terminal import printable
    from tests.fuzz.verdict import Fault

    if printable(shown) != shown:
        raise Fault(f"a control character on a page: {shown[:500]!a}")


def _found(path: Path) -> None:
    from data.inventory.language import page
    from data.inventory.search import find

    inventory = _inventory()
    page(inventory, find(inventory, os.fsdecode(path.read_bytes())))
