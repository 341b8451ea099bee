"""Role reversal in distillation: texts and a teacher's probabilities, women and men swapped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from data.errors import InputError
from data.word_lists import gender_pairs
from data.word_lists.swap import RoleSwap
from tests.training.distillation.test_distil import config, weights
from tests.training.texts import options, sentences
from training.distil import distil
from training.distillation.roles import NOWHERE, Averaged, Pieces, Roles
from training.pretrain import pretrain
from training.pretraining.config import PretrainConfig

SWAP = RoleSwap(gender_pairs("en"))
SENTENCES = [
    "she said that he saw her with his brother",
    "he said that she saw him with her sister",
    "the nurse told her that his son was here",
    "the mechanic told him that her daughter was there",
    "nobody knows when it rains",
    "the woman and the man read the paper",
]


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("roles") / "english.txt"
    pairs = zip(SENTENCES * 12, sentences(72), strict=True)
    lines = [f"{one} {other.lower()}" for one, other in pairs]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


@pytest.fixture(scope="module")
def teachers(english: Path) -> Callable[[str, str], str]:
    made: dict[str, str] = {}

    def make(objective: str, name: str) -> str:
        if name not in made:
            out = english.parent / name
            how = {"objective": objective, "config": name, "steps": 8, "tokenizer": "train:420"}
            given = options(english, out, **how) | {"corpora": (str(english),)}
            made[name] = str(pretrain(PretrainConfig(**given)).folder)
        return made[name]

    return make


@pytest.fixture(scope="module")
def pieces(english: Path) -> Pieces:
    """Of byte-level BPE, as SmolLM2 has it."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.decoder = decoders.ByteLevel()
    made.train(
        [str(english)],
        trainers.BpeTrainer(
            vocab_size=420,
            special_tokens=["</s>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return Pieces(SWAP, PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>"))


def number(pieces: Pieces, word: str) -> int:
    return pieces._number[f" {word}".encode()]


def test_the_teacher_says_of_her_what_it_says_of_him(pieces: Pieces) -> None:
    """By hand: .6 and .2 become .4 and .4; "her" is shared as the text has "him" and "his"."""
    size = pieces.special.size
    p, q = torch.zeros(1, size), torch.zeros(1, size)
    p[0, number(pieces, "she")], p[0, number(pieces, "he")] = 0.6, 0.2
    p[0, number(pieces, "him")], p[0, number(pieces, "his")] = 0.05, 0.15
    q[0, number(pieces, "her")], q[0, number(pieces, "he")] = 0.8, 0.2
    same = pieces.moved(p, p)
    told = {word: round(float(same[0, number(pieces, word)]), 6) for word in ("she", "he", "her")}
    assert told == {"she": 0.2, "he": 0.6, "her": 0.2}
    mean = (p + pieces.moved(q, p)) / 2
    words = ("she", "he", "her", "him", "his")
    found = [float(mean[0, number(pieces, word)]) for word in words]
    assert found == pytest.approx([0.4, 0.1, 0.0, 0.125, 0.375])


def test_rows_keep_their_sums_and_moving_twice_gives_a_bijection_back(pieces: Pieces) -> None:
    generator = torch.Generator().manual_seed(1)
    p, q = torch.rand(2, 9, pieces.special.size, generator=generator).softmax(dim=-1)
    moved = pieces.moved(q, p)
    assert torch.allclose(moved.sum(dim=1), q.sum(dim=1), atol=1e-6)
    she, he = number(pieces, "she"), number(pieces, "he")
    assert torch.allclose(moved[:, she], q[:, he])
    assert torch.allclose(pieces.moved(moved, q)[:, [she, he]], q[:, [she, he]])


def test_places_of_a_text_and_its_counterfactual(pieces: Pieces) -> None:
    told = Counter[str]()
    backend = pieces._backend
    ids = backend.encode("she told her that it rains, stepmother", add_special_tokens=False).ids
    row = pieces.counterfactual(ids, told)
    assert backend.decode(row.ids).strip() == "he told him that it rains, stepfather"
    assert told["words swapped"] == 3
    kept = [place for place in row.places if place != NOWHERE]
    assert kept == sorted(set(kept))
    assert kept[-1] == len(row.ids) - 1
    for place, other in enumerate(row.places):
        if other != NOWHERE:  # what was read up to there is the same, but for the swap
            read = backend.decode(ids[: place + 1]), backend.decode(row.ids[: other + 1])
            assert len(SWAP.swap(read[0]).words) == len(SWAP.swap(read[1]).words)
    assert not pieces.counterfactual(backend.encode("it rains").ids, told).changed


def test_the_average_asks_once_where_nothing_is_swapped(pieces: Pieces) -> None:
    asked: list[tuple[int, ...]] = []
    size = pieces.special.size

    def read(ids: torch.Tensor, mask: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        asked.append(tuple(ids.shape))
        rows = (ids * 7 % 11).float()[places]
        return (rows[:, None] + torch.arange(size) % 13).softmax(dim=-1)

    averaged = Averaged(Roles(SWAP), lambda: None)
    averaged.__dict__["pieces"] = pieces
    rows = [pieces._backend.encode(text).ids for text in ("it rains now", "she saw her now")]
    width = max(map(len, rows))
    ids = torch.tensor([[*row, *[pieces.special.pad] * (width - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    found = averaged(read, ids, mask, mask.bool())
    assert found.shape == (int(mask.sum()), size)
    assert torch.allclose(found.sum(dim=1), torch.ones(len(found)), atol=1e-5)
    assert [shape[0] for shape in asked] == [2, 1]
    she, he = number(pieces, "she"), number(pieces, "he")
    first = found[: len(rows[0])]
    assert torch.allclose(first[:, she], first[:, he])


@pytest.mark.parametrize(
    ("objective", "kind", "arm"),
    [
        ("CLM", "decoder-nano", "both"),
        ("CLM", "decoder-nano", "data"),
        ("MLM", "bert-nano", "teacher"),
    ],
)
def test_runs(
    objective: str, kind: str, arm: str, english: Path, teachers: Any, tmp_path: Path
) -> None:
    more = {
        "loss": "soft",
        "layers": "1",
        "counterfactual": arm,
        "lang": "en",
        "objective": objective,
    }
    one = config(english, teachers(objective, kind), tmp_path / "one", **more)
    done = distil(one)
    assert any("role reversal" in note for note in done.told["notes"]) is (arm != "data")
    documents = done.told["data"][0]["documents"]
    assert documents > 100 if arm != "teacher" else documents < 72
    kept = distil(
        config(english, teachers(objective, kind), tmp_path / "two", cache="yes", top_k=400, **more)
    )
    figures = [run.told["training"]["metrics"]["loss soft"] for run in (done, kept)]
    assert figures[0] == pytest.approx(figures[1], abs=2e-3)
    plain = distil(
        config(
            english,
            teachers(objective, kind),
            tmp_path / "plain",
            **more | {"counterfactual": None},
        )
    )
    assert weights(plain) != weights(done)


def test_what_cannot_be_is_said(english: Path, teachers: Any, tmp_path: Path) -> None:
    teacher = teachers("CLM", "decoder-nano")
    for more, said in (
        ({"counterfactual": "data"}, "expected the language of the text, found none"),
        ({"counterfactual": "gender", "lang": "en"}, "expected one of data, teacher, both"),
        ({"names": "x.tsv"}, "goes with --counterfactual"),
        ({"counterfactual": "data", "lang": "yo"}, "no pairs of gendered words for Yoruba"),
        ({"counterfactual": "teacher", "lang": "en", "loss": "hidden"}, "needs --loss soft"),
    ):
        with pytest.raises(InputError, match=said):
            distil(config(english, teacher, tmp_path / "no", layers="1", **more))
    list_ = tmp_path / "mine.tsv"
    list_.write_text("female\tmale\ttag\tgroup\nshe\the\t-\tx\nwoman\the\t-\tx\n", "utf-8")
    more = {"counterfactual": "data", "lang": "en", "word_list": str(list_), "layers": "1"}
    with pytest.raises(InputError, match=r"mine.tsv:3: not one to one"):
        distil(config(english, teacher, tmp_path / "no", **more))
