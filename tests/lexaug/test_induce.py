"""Induction end to end: a made-up text with a known lexicon, the files written, bad input."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from data.access import Access
from data.errors import UnavailableError
from data.languages import Language, resolve
from data.lexicon import Entry, Lexicon, ranked
from data.load import ParallelCorpus, load_lexicon, load_parallel
from data.parallel import Pair, write_pairs_tsv
from data.randomness import stream
from lexaug.induce import main
from lexaug.induction import steps
from lexaug.induction.alignment import encode, intersection
from lexaug.induction.steps import (
    Known,
    against_known,
    against_unseen,
    align_both,
    induce,
    known_translations,
    read_links,
)

NOUNS = {
    "cow": "ng'ombe",
    "dog": "mbwa",
    "house": "nyumba",
    "water": "maji",
    "teacher": "mwalimu",
    "book": "kitabu",
    "river": "mto",
    "road": "barabara",
    "market": "soko",
    "tree": "mti",
}
VERBS = {"sees": "anaona", "wants": "anataka", "buys": "ananunua", "carries": "anabeba"}
ADJECTIVES = {"big": "kubwa", "small": "dogo", "new": "mpya", "clean": "safi", "long": "refu"}
FILLERS = ["sana", "pia", "tu", "hata", "bado", "tena", "leo", "sasa", "kabisa", "ndiyo"]
GOLD = {**NOUNS, **VERBS, **ADJECTIVES, "because": "kwa sababu"}


def sentences(number: int, seed: int = 1) -> list[Pair]:
    """The big dog sees water, because ...: no article there, fillers from nowhere, 1 in 12 lost."""
    rng = stream(seed, "made-up text")
    pairs = []
    for line in range(1, number + 1):
        english, swahili = ["The"], []
        for joint in ("", rng.choice(["", "because"])):
            if joint:
                english.append(joint)
                swahili.append(GOLD[joint])
            one, two = rng.choice(list(NOUNS)), rng.choice(list(NOUNS))
            how, verb = rng.choice(list(ADJECTIVES)), rng.choice(list(VERBS))
            english += [how, one, verb, two + ","]
            swahili += [NOUNS[one], ADJECTIVES[how], VERBS[verb], NOUNS[two]]
            swahili.append(rng.choice(FILLERS))
        kept = [word for word in swahili if rng.random() > 1 / 12] or swahili
        pairs.append(Pair(str(line), " ".join(english), " ".join(kept)))
    return pairs


@pytest.fixture(scope="module")
def corpus() -> ParallelCorpus:
    english, swahili = resolve("en"), resolve("sw")
    return ParallelCorpus(
        "made-up", "train", english, swahili, tuple(sentences(400)), "CC0-1.0", "a file"
    )


def write(path: Path, pairs: list[Pair]) -> Path:
    write_pairs_tsv(path, pairs, "en", "sw")
    return path


def test_a_known_lexicon_is_found_again(corpus: ParallelCorpus) -> None:
    """All twenty words, nothing for "the", and the phrase that one word stands for."""
    found = induce(corpus).translations()
    assert {word: found[word][0] for word in GOLD if word in found} == GOLD
    assert "the" not in found


def test_quality_on_the_held_back_half(corpus: ParallelCorpus) -> None:
    induced = induce(corpus)
    known = Known(("gold",), {word: frozenset({right}) for word, right in GOLD.items()})
    quality = against_known(induced, known)
    assert 0 < quality.exact.of < len(GOLD)
    assert quality.exact.percent == quality.coverage.percent == 100
    wrong = Known(("wrong",), {word: frozenset({"zzz"}) for word in GOLD})
    assert against_known(induced, wrong).exact.right == 0


def test_sentences_of_the_text_are_not_unseen(corpus: ParallelCorpus) -> None:
    induced = induce(corpus)
    assert against_unseen(induced, corpus.pairs).covered.of == 0
    fresh = against_unseen(induced, sentences(100, seed=2))
    assert fresh.supported.percent > 85 > 50 > fresh.chance.percent  # 1 word in 12 is lost


def test_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, out = write(tmp_path / "text.tsv", sentences(200)), tmp_path / "made.en-sw.tsv"
    options = ["--lang", "sw", "--corpus", str(text), "--offline"]
    assert main([*options, "--out", str(out)]) == 0
    assert "200 sentence pairs of text.tsv" in capsys.readouterr().out
    lexicon = load_lexicon(resolve("en"), resolve("sw"), name=str(out))
    assert lexicon.lookup("Because")[0].target == "kwa sababu"
    assert [entry.target for entry in lexicon.inverted().lookup("mbwa")] == ["dog"]
    about = json.loads(out.with_suffix(".json").read_text("utf-8"))
    assert about["entries"] == len(lexicon)
    assert about["deterministic"] is True
    assert len(about["corpus"]["sha256"]) == 64
    assert about["corpus"]["licence"] == "not stated"
    again = tmp_path / "again.tsv"
    assert main([*options, "--out", str(again)]) == 0
    assert again.read_bytes() == out.read_bytes()


HEADER = "en\tsw\n"
BAD = {
    "empty": (
        HEADER,
        [],
        "text.tsv test: expected at least 50 sentence pairs to align, found 0 of 0;",
    ),
    "few": (HEADER + "a dog\tmbwa\n" * 60, [], "found 1 of 60, 59 left out (repeated pair);"),
    "one column": (
        HEADER + "a dog\n",
        [],
        'text.tsv:2: expected 2 columns (en, sw), found 1 ("a dog")',
    ),
    "other language": ("en\tyo\na\tb\n", [], "no column or segment in Swahili (sw); found en, yo"),
    "no such language": (HEADER, ["--lang", "swahilli"], "swahilli"),
    "score": (HEADER, ["--min-score", "2"], "--min-score: expected 0 to 1, found 2.0"),
    "negative score": (HEADER, ["--min-score", "-0.1"], "--min-score: expected 0 to 1, found -0.1"),
    "count": (HEADER, ["--min-count", "0"], "--min-count: expected 1 or more, found 0"),
    "limit": (HEADER, ["--limit", "0"], "--limit: expected 1 or more, found 0"),
    "out": (HEADER, ["--out", "made.json"], "--out: expected the name of a table, found made.json"),
    "engine": (HEADER, ["--engine", "giza"], "invalid choice: 'giza'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, options, message = BAD[case]
    text = tmp_path / "text.tsv"
    text.write_text(content, "utf-8")
    given = ["--lang", "sw", "--corpus", str(text), "--offline", "--out", str(tmp_path / "o.tsv")]
    assert main([*given, *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "o.tsv").exists()


@pytest.mark.parametrize(
    "options", ["--min-count 1", "--min-score 0", "--min-score 1", "--limit 1"], ids=str
)
def test_the_least_and_the_most_are_taken(
    options: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is refused then is the text, which is too short."""
    text = tmp_path / "text.tsv"
    text.write_text(HEADER + "a dog\tmbwa\n", "utf-8")
    assert main(["--lang", "sw", "--corpus", str(text), "--offline", *options.split()]) == 2
    assert "expected at least 50 sentence pairs to align, found 1 of 1" in capsys.readouterr().err


def test_eflomal_links(tmp_path: Path) -> None:
    """Links of a sentence become links of the text."""
    bitext = encode([(["my", "cow"], ["ng'ombe", "wangu"]), (["dog"], ["mbwa"])])
    path = tmp_path / "links"
    path.write_text("0-1 1-0\n0-0\n", "ascii")
    assert read_links(path, bitext).tolist() == [[0, 1], [1, 0], [2, 2]]
    path.write_text("0-1 1-0\n", "ascii")
    with pytest.raises(UnavailableError, match="links of 2 sentences, found 1 lines"):
        read_links(path, bitext)


def test_eflomal_itself(corpus: ParallelCorpus) -> None:
    pytest.importorskip("eflomal", reason='needs pip install -e ".[eflomal]"')
    text = encode([(p.source.lower().split(), p.target.split()) for p in corpus.pairs[:200]])
    source, _ = intersection(*align_both(text))
    assert len(source) > len(text.target.ids) / 2
    found = induce(corpus, engine="eflomal").translations()
    assert sum(found.get(word, [""])[0] == GOLD[word] for word in GOLD) >= len(GOLD) - 2


def test_without_eflomal(corpus: ParallelCorpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "eflomal", None)
    with pytest.raises(UnavailableError, match=r"pip install -e .* or choose --engine model2"):
        induce(corpus, engine="eflomal")


def test_swahili(mirror: Path) -> None:
    """3,000 sentences of news; eflomal's lexicon reaches 71 % by stem on all of them."""
    english, swahili = resolve("en"), resolve("sw")
    corpus = load_parallel("lafand", english, swahili, "train", access=Access(offline=True))
    induced = induce(replace(corpus, pairs=corpus.pairs[:3000]))
    known = known_translations(swahili, access=Access(offline=True))
    assert known is not None
    quality = against_known(induced, known)
    assert quality.coverage.percent > 50
    assert quality.stem.percent > 62 > 5 > quality.chance.percent
    assert induced.translations()["because"][0] == "kwa sababu"


def test_both_books_of_a_language_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """English-Swahili and Swahili-English, each read from its own side; one alone will do."""
    books = {
        ("en", "sw"): ranked([Entry("Dog", "mbwa"), Entry("dog", "jibwa")], "en", "sw", "here"),
        ("sw", "en"): ranked([Entry("mbwa", "hound"), Entry("Maji", "Water")], "sw", "en", "back"),
    }

    def load(source: Language, target: Language, *, access: Access) -> Lexicon:
        assert access.offline
        try:
            return books[source.bcp47, target.bcp47]
        except KeyError:
            raise UnavailableError("no such book") from None

    monkeypatch.setattr(steps, "load_lexicon", load)
    known = known_translations(resolve("sw"), access=Access(offline=True))
    here = {"dog": frozenset({"mbwa", "jibwa"})}
    back = {"hound": frozenset({"mbwa"}), "water": frozenset({"maji"})}
    assert known == Known(("here", "back"), {**here, **back})
    del books["en", "sw"]
    assert known_translations(resolve("sw"), access=Access(offline=True)) == Known(("back",), back)
    del books["sw", "en"]
    assert known_translations(resolve("sw"), access=Access(offline=True)) is None


def test_bad_lines_are_left_out_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "pairs.TSV", tmp_path / "lexicon.tsv"
    rows = "".join(f"{pair.source}\t{pair.target}\n" for pair in sentences(60))
    command = ["--lang", "sw", "--corpus", str(path), "--out", str(out), "--offline"]
    path.write_text(f"en\tsw\n{rows}\n\n", "utf-8")  # blank lines at the end are no fault
    assert main(command) == 0
    capsys.readouterr()
    path.write_text(f"en\tsw\ncat\t\nco\ufffdw\tng'ombe\n{rows}", "utf-8")
    assert main(command) == 2
    assert capsys.readouterr().err.rstrip().endswith(" or pass --skip-bad")
    assert main([*command, "--skip-bad"]) == 0
    told = "pairs.TSV: left out: empty cell (1); U+FFFD, where a letter was lost (1)"
    assert told in capsys.readouterr().out
    about = json.loads((tmp_path / "lexicon.json").read_text("utf-8"))
    assert about["corpus"]["remarks"] == [told]


class Aligner:
    """In place of eflomal's: first words are linked with last ones."""

    fails = False

    def align(
        self,
        source: list[str],
        target: list[str],
        *,
        links_filename_fwd: str,
        links_filename_rev: str,
    ) -> None:
        if self.fails:
            raise RuntimeError("no priors")
        assert source == ["my cow", "dog"]
        links = [f"0-{len(one.split()) - 1}" for one in target]
        Path(links_filename_fwd).write_text("\n".join(links) + "\n", "ascii")
        Path(links_filename_rev).write_text("1-0\n0-0\n", "ascii")


def test_eflomals_links_in_both_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("eflomal")
    module.Aligner = Aligner
    monkeypatch.setitem(sys.modules, "eflomal", module)
    bitext = encode([(["my", "cow"], ["ng'ombe", "wangu"]), (["dog"], ["mbwa"])])
    forward, backward = align_both(bitext)
    assert forward.tolist() == [-1, 0, 2], "for each target token its source token"
    assert backward.tolist() == [-1, 0, 2], "for each source token its target token"
    monkeypatch.setattr(Aligner, "fails", True)
    with pytest.raises(UnavailableError, match="eflomal failed: no priors; try --engine model2"):
        align_both(bitext)


def test_what_is_said_where_nothing_tells_the_quality(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    path, out = tmp_path / "pairs.tsv", tmp_path / "lexicon.tsv"
    write_pairs_tsv(path, sentences(60), "en", "xh")
    command = ["--lang", "xh", "--corpus", str(path), "--out", str(out), "--offline"]
    assert main([*command, "--limit", "0"]) == 2
    assert "--limit: expected 1 or more, found 0; raise it" in capsys.readouterr().err
    assert main([*command, "--limit", "50"]) == 0
    printed = capsys.readouterr().out
    assert "quality not known: no lexicon of Xhosa, no unseen sentences" in printed
    assert " from 50 sentence pairs of " in printed
    about = json.loads((tmp_path / "lexicon.json").read_text("utf-8"))
    assert about["quality"] == {}
    assert set(about) == {
        *("corpus", "engine", "aligner", "deterministic", "thresholds", "entries"),
        *("headwords", "left out", "quality", "kilolingua"),
    }
    assert set(about["corpus"]) == {
        *("name", "split", "sentence pairs", "sha256", "licence", "left out", "remarks"),
    }
    assert about["corpus"]["sentence pairs"] == 50
    rows = out.read_text("utf-8").splitlines()[1:]
    assert about["entries"] == len(rows)
    assert about["headwords"] == len({row.split("\t")[0] for row in rows})
    assert about["thresholds"]["min_count"] >= 1
    assert about["deterministic"] is True
    assert about["aligner"]


def test_an_unseen_part_of_the_corpus_is_looked_at(
    mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mirror
    out = tmp_path / "lexicon.tsv"
    asked = ["--lang", "sw", "--corpus", "lafand", "--limit", "300", "--offline"]
    assert main([*asked, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "lafand dev, unseen:\n  covered " in printed
    about = json.loads(out.with_suffix(".json").read_text("utf-8"))
    assert set(about["quality"]) >= {"lafand dev, unseen"}
