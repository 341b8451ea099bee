"""Shots that are chosen for each sentence: scores worked by hand, order, ties, and no leaks."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.access import Access
from data.errors import InputError
from data.languages import resolve
from data.parallel import Pair
from icl.engines.embedding import SentenceEmbedder
from icl.evaluate import evaluate
from icl.options import RunConfig
from icl.shots import SELECTIONS, most_covering, select_shots, terms

SWAHILI = resolve("sw")
POOL = [
    "paka mweusi amelala",
    "mbwa mweusi anakula nyama",
    "mvua inanyesha leo",
    "paka anakula samaki leo",
    "watoto wanacheza",
]


def pairs(sources: Sequence[str]) -> list[Pair]:
    return [Pair(str(number), text, f"en {number}") for number, text in enumerate(sources)]


def chosen(
    method: str, source: str, count: int, pool: Sequence[str] = POOL, code: str = "sw", **more: Any
) -> list[int]:
    """Places of the shots in the pool, in the order of the prompt."""
    [shots] = select_shots(method, pairs(pool), [source], count, language=resolve(code), **more)
    return [int(shot.id) for shot in shots]


def bm25(query: str, pool: Sequence[str]) -> list[float]:
    """Robertson and Zaragoza 2009, eq. 3.15, with Lucene's idf, k1 = 1.5 and b = 0.75."""
    documents = [text.split() for text in pool]
    average = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        score = 0.0
        for word in query.split():
            holding = sum(word in other for other in documents)
            idf = math.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
            times = document.count(word)
            score += idf * times / (times + 1.5 * (0.25 + 0.75 * len(document) / average))
        scores.append(score)
    return scores


def test_bm25_spelt_out_once() -> None:
    """mweusi: in 2 of 5, idf ln(1 + 3.5 / 2.5) = 0.8755; the mean length is 16 / 5 = 3.2."""
    short, long = bm25("mweusi", POOL)[:2]
    assert short == pytest.approx(0.8755 / (1 + 1.5 * (0.25 + 0.75 * 3 / 3.2)), abs=1e-4)
    assert long == pytest.approx(0.8755 / (1 + 1.5 * (0.25 + 0.75 * 4 / 3.2)), abs=1e-4)


@pytest.mark.parametrize(
    "query", ["paka anakula nyama leo", "mbwa mweusi", "leo leo mvua", "samaki wanacheza paka"]
)
def test_bm25_puts_the_most_similar_last(query: str) -> None:
    scores = bm25(query, POOL)
    best_first = sorted(range(5), key=lambda place: (-scores[place], place))
    for count in range(6):
        assert chosen("bm25", query, count) == best_first[:count][::-1]


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert chosen("bm25", "MVUA, Inanyesha!", 1) == [2]
    assert terms("Ng'ombe wetu, SAMAKI 25!", SWAHILI) == ["ng'ombe", "wetu", "samaki"]


@pytest.mark.parametrize("method", ["bm25", "r-bm25"])
@pytest.mark.parametrize("source", ["", "25 %", "xyz", "..."])
def test_nothing_in_common_takes_the_first_of_the_pool(method: str, source: str) -> None:
    assert chosen(method, source, 3) == [2, 1, 0]


@pytest.mark.parametrize("method", ["bm25", "r-bm25"])
def test_a_pool_without_words(method: str) -> None:
    assert chosen(method, "paka", 2, ["1999", "25 %", "..."]) == [1, 0]


@pytest.mark.parametrize("method", ["bm25", "r-bm25"])
def test_ties_go_to_the_pair_that_stands_first(method: str) -> None:
    pool = ["mvua leo", "paka leo", "paka kesho", "paka kesho"]
    assert chosen(method, "kesho", 2, pool) == [3, 2]
    assert chosen(method, "paka", 1, ["paka"] * 20) == [0]


# The query is a b c d e: 5 words, 4 pairs, 3 triples, 2 fours. Recall of a candidate that has
# "a b c" is (3/5 + 2/4 + 1/3 + 0/2) / 4 = 0.3583; of "d e" (2/5 + 1/4) / 4 = 0.1625; of "a b"
# the same 0.1625; of "b c" too. With "a b c" chosen, its n-grams count a tenth:
# "a b" and "b c" fall to 0.0163, "d e" keeps 0.1625; "c d", with a covered c, has
# (0.1/5 + 1/5 + 1/4) / 4 = 0.1175.
COVERING = ["a b", "b c", "a b c", "d e", "c d"]


def test_r_bm25_worked_by_hand() -> None:
    candidates = [(place, text.split()) for place, text in enumerate(COVERING)]
    assert most_covering(["a", "b", "c", "d", "e"], candidates, 5) == [2, 3, 4, 0, 1]
    assert most_covering(["a", "b", "c", "d", "e"], candidates, 2) == [2, 3]
    assert chosen("r-bm25", "a b c d e", 3, COVERING) == [4, 3, 2]


def test_r_bm25_counts_a_repeated_ngram_as_often_as_the_query_has_it() -> None:
    """a a b: candidate "a a" has 2 of 3 words and 1 of 2 pairs; "a b" the same; "a a a" no more."""
    query = ["a", "a", "b"]
    for other in ("a b", "a a a"):
        candidates = [(0, ["a", "a"]), (1, other.split())]
        assert most_covering(query, candidates, 1) == [0]


def test_r_bm25_brings_something_new_where_bm25_repeats_itself() -> None:
    pool = ["paka mweusi leo", "paka mweusi leo asubuhi", "samaki wadogo wengi wako mtoni"]
    assert chosen("bm25", "paka mweusi leo samaki", 2, pool) == [1, 0]
    assert chosen("r-bm25", "paka mweusi leo samaki", 2, pool) == [2, 0]


def test_first_and_random_are_one_set_for_all() -> None:
    for method in ("first", "random"):
        sets = select_shots(method, pairs(POOL), ["paka", "mvua"], 3, language=SWAHILI, key="x")
        assert sets[0] == sets[1]
    assert chosen("first", "mvua", 3) == [0, 1, 2]


@pytest.mark.parametrize(
    ("code", "source", "pool", "place"),
    [
        ("zh", "我喜欢猫。", ["今天下雨了。", "他喜欢狗。", "我们去学校。"], 1),
        ("ja", "犬が好きです", ["雨が降る", "猫が好きです", "学校へ行く"], 1),
        ("th", "ฝนตกหนัก", ["แมวนอนหลับ", "วันนี้ฝนตก", "เด็กไปโรงเรียน"], 1),
        ("my", "မိုးရွာသည်", ["ကြောင်အိပ်သည်", "ဒီနေ့ မိုးရွာ", "ကျောင်းသွား"], 1),
    ],
)
def test_languages_without_spaces(code: str, source: str, pool: list[str], place: int) -> None:
    for method in ("bm25", "r-bm25"):
        assert chosen(method, source, 1, pool, code) == [place]


def test_vowel_signs_and_tones_count() -> None:
    assert terms("ที่ ทำ", resolve("th")) == ["ที", "ี่", "่ท", "ทำ"]
    assert terms("我", resolve("zh")) == []


@given(st.sampled_from(SELECTIONS[:-1]), st.text(), st.lists(st.text(), max_size=6), st.data())
def test_any_text_gets_that_many_different_shots(
    method: str, source: str, pool: list[str], data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, len(pool)))
    places = chosen(method, source, count, pool)
    assert len(set(places)) == count


def test_what_cannot_be() -> None:
    with pytest.raises(InputError, match=r"--shots 6: the pool holds 5 pairs; ask for fewer"):
        chosen("bm25", "paka", 6)
    message = '--select "tfidf": expected one of random, first, bm25, r-bm25, embedding'
    with pytest.raises(InputError, match=message):
        chosen("tfidf", "paka", 1)
    with pytest.raises(InputError, match="needs a local model; give one with --embedder"):
        chosen("embedding", "paka", 1)


@pytest.fixture(params=["decoder", "encoder"])
def embed(
    request: pytest.FixtureRequest, tiny_decoder: Path, tiny_encoder_decoder: Path
) -> SentenceEmbedder:
    model = tiny_decoder if request.param == "decoder" else tiny_encoder_decoder
    return SentenceEmbedder(str(model))


def test_vectors_are_of_length_1_and_batches_change_nothing(
    embed: SentenceEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = embed([*POOL, "", POOL[0]])
    assert vectors.shape == (7, 32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    monkeypatch.setattr(embed.encoder, "batch_tokens", 1)
    monkeypatch.setattr(embed, "_known", {})
    assert embed([*POOL, "", POOL[0]]) == pytest.approx(vectors, abs=1e-4)


def test_how_many_sentences_are_embedded_is_told_once(tiny_decoder: Path) -> None:
    said: list[str] = []
    embed = SentenceEmbedder(str(tiny_decoder), access=Access(report=said.append))
    for sentences in (["a", "b", "a"], ["b"]):
        embed(sentences)
    told = [line for line in said if line.startswith("embedding")]
    assert told == [f"embedding 2 sentences with {embed.encoder.name}"]


def test_a_sentence_is_nearest_to_itself(embed: SentenceEmbedder) -> None:
    vectors = embed(POOL)
    for place, source in enumerate(POOL):
        ranking = (vectors @ vectors[place]).argsort()
        assert chosen("embedding", source, 5, embed=embed) == ranking.tolist()
        assert ranking[-1] == place


def test_vectors_are_the_mean_of_the_last_layer(tiny_decoder: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    ids = AutoTokenizer.from_pretrained(tiny_decoder)(POOL[0], return_tensors="pt")
    with torch.inference_mode():
        mean = AutoModel.from_pretrained(tiny_decoder)(**ids).last_hidden_state[0].mean(dim=0)
    expected = (mean / mean.norm()).numpy()
    assert SentenceEmbedder(str(tiny_decoder))(POOL)[0] == pytest.approx(expected, abs=1e-4)


def run(model: Path, out: Path, **options: Any) -> tuple[str, list[dict[str, Any]]]:
    """The signature of a run over a test set of two sentences, and the model's records."""
    tests = ["paka anakula samaki leo", "mvua kubwa inanyesha"]  # the first stands in the pool
    rows = "".join(f"{text}\tten {number}\n" for number, text in enumerate(tests))
    out.mkdir()
    (out / "test.tsv").write_text(f"sw\ten\n{rows}", "utf-8")
    pool = "".join(f"{pair.source}\t{pair.target}\n" for pair in pairs(POOL))
    (out / "pool.tsv").write_text(f"sw\ten\n{pool}", "utf-8")
    files = {"test_set": str(out / "test.tsv"), "pool": str(out / "pool.tsv")}
    config = RunConfig(
        "sw", model=str(model), max_new_tokens=4, offline=True, out=out / "run", **files, **options
    )
    signature = evaluate(config).results[0].scores[0].signature
    lines = (out / "run" / "segments.jsonl").read_text("utf-8").splitlines()
    return signature, [r for line in lines if (r := json.loads(line))["system"] == "model"]


@pytest.mark.parametrize("select", ["bm25", "r-bm25", "embedding"])
def test_each_segments_shots_are_recorded_and_none_leaks(
    select: str, tiny_decoder: Path, tmp_path: Path
) -> None:
    signature, records = run(tiny_decoder, tmp_path / select, select=select, shots=2)
    shots = {record["id"].rsplit(":", 1)[1]: record["shots"] for record in records}
    assert shots.keys() == {"1", "2"}
    assert all(len(ids) == 2 for ids in shots.values())
    assert "4" not in shots["1"] + shots["2"], "the pool's fourth pair is the first test sentence"
    if select == "bm25":  # paka and leo, both in pairs of three words; mvua inanyesha, then no word
        assert shots == {"1": ["3", "1"], "2": ["1", "3"]}
    parts = dict(part.split(":", 1) for part in signature.split("|"))
    assert (parts["shots"], parts["shot-ids"], parts["select"]) == ("2", "by segment", select)
    assert len(parts["pool-sha256"]) == 16
    assert ("embedder" in parts) == (select == "embedding")


def test_another_embedder_is_another_run(
    tiny_decoder: Path, tiny_encoder_decoder: Path, tmp_path: Path
) -> None:
    signatures = [
        run(tiny_decoder, tmp_path / str(n), select="embedding", embedder=str(embedder))[0]
        for n, embedder in enumerate((tiny_decoder, tiny_encoder_decoder))
    ]
    assert "|embedder:tiny-llama@" in signatures[0]
    assert "|embedder:tiny-t5@" in signatures[1]
