"""Tables of the references: Glottolog, WALS, LinguaMeta, trees; the catalog's own two tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from data.errors import InputError
from tests.fuzz.target import Target, drain

TOY = Path(__file__).parents[2] / "data" / "inventory_toy"
DATASETS = (
    "dataset\tkind\treader\tlicence\thomepage\ttitle\tcitation\tnote\n"
    "toy\ttest-set\taligned\tCC0-1.0\thttps://example.org\tToy: a test set\tUs 2026\tours\n"
)
FILES = (
    "dataset\trole\tgroup\tcodes\tpath\tbytes\tsha256\tlicence\tsources\n"
    f"toy\ttest\t-\ten sw\ttoy/test.tsv\t12\t{'0' * 64}\t-\thttps://example.org/test.tsv\n"
    "toy\ttrain\ten-sw\ten sw\ttoy/train.tsv\t-\t-\tCC-BY-4.0\thttps://example.org/train.tsv\n"
)

NAMES = 'ID,Language_ID,Name,Provider,lang\n1,zulu1248,"Zulu, of Natal",lexvo,en\n2,swah1253,Kiswahili,w,\n'


def targets() -> Iterator[Target]:
    """One row a table."""
    from data.catalog import read_catalog
    from data.inventory.genus import read_wals
    from data.inventory.glottolog import leaves, read_classification, read_glottolog, read_names
    from data.inventory.references import read_linguameta
    from data.languages import resolve_glottocode

    def glottolog(path: Path) -> None:
        read_glottolog(path)
        resolve_glottocode("swah1253", path)

    def newick(path: Path) -> None:
        try:
            leaves(path.read_bytes().decode("utf-8", "replace"))
        except ValueError as error:  # which read_classification gives a path and a line
            raise InputError(str(error)) from error

    trees = (TOY / "glottolog/cldf/classification.nex").read_text("utf-8")
    languages = (TOY / "glottolog/cldf/languages.csv").read_text("utf-8")
    wals = (TOY / "wals/cldf/languages.csv").read_text("utf-8")
    linguameta = (TOY / "linguameta/linguameta.tsv").read_text("utf-8")
    yield Target("inventory/glottolog", "csv", (languages,), glottolog, file="languages.csv")
    yield Target("inventory/classification", "newick", (trees,), read_classification, file="c.nex")
    yield Target(
        "inventory/newick",
        "newick",
        ("(a0001:1,b0001:1)c0001:1;", "((a0001:1,b0001:1)d0001:1,e0001:2)f0001:0;"),
        newick,
    )
    yield Target(
        "inventory/wals", "csv", (wals,), lambda path: drain(read_wals(path)), file="w.csv"
    )
    yield Target("inventory/names", "csv", (NAMES,), read_names, file="names.csv")
    yield Target(
        "inventory/linguameta",
        "tsv",
        (linguameta,),
        lambda path: drain(read_linguameta(path)),
        file="l.tsv",
    )
    yield Target("catalog/datasets", "tsv", (DATASETS,), lambda path: read_catalog(path, path.with_name("files.tsv")),
                 file="datasets.tsv", beside={"files.tsv": FILES.encode()})  # fmt: skip
    yield Target("catalog/files", "tsv", (FILES,), lambda path: read_catalog(path.with_name("datasets.tsv"), path),
                 file="files.tsv", beside={"datasets.tsv": DATASETS.encode()})  # fmt: skip
