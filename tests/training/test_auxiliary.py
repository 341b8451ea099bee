"""Auxiliary objectives: what their heads learn, in runs that go on to the same bytes; bad input."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from data.access import Access
from data.bitext import Bitext, find_bitext
from data.corpus import find_corpus
from data.errors import InputError
from models.encoder import PROMPTS, open_encoder
from tests.training.test_pretrain_resume import COMPARED
from tests.training.texts import options, sentences, write_corpus
from training.auxiliary import PairStream, language_of
from training.joint import Joint, Together, Weighted, freeze, joint_loss
from training.loop import Shuffled
from training.objectives import Special
from training.objectives.auxiliary import AUXILIARIES, Setting, parse_auxiliary, register_auxiliary
from training.objectives.heads import (
    Contrastive,
    Fisher,
    LanguageHead,
    Means,
    Quick,
)
from training.pretrain import pretrain
from training.pretraining.config import PretrainConfig


def backwards(text: str) -> str:
    """A second language: the same words from the end."""
    return " ".join(word[::-1].lower() for word in text.removesuffix(".").split()) + "."


@pytest.fixture
def languages(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Two corpora and a table of their pairs."""
    lines = sentences(300)
    one = write_corpus(tmp_path / "text.sw.txt", 300)
    two, pairs = tmp_path / "text.zu.txt", tmp_path / "pairs.tsv"
    two.write_text("".join(f"{backwards(line)}\n" for line in lines), "utf-8")
    rows = "".join(f"{line}\t{backwards(line)}\n" for line in lines)
    pairs.write_text(f"sw\tzu\n{rows}", "utf-8")
    return one, two, pairs


def asked(languages: tuple[Path, Path, Path], out: Path, **more: Any) -> PretrainConfig:
    one, two, pairs = languages
    base = {"corpora": (str(one), str(two)), "auxiliary": "cooperative,contrastive:0.5"}
    base |= {"pairs": (str(pairs),), "pairs_a_batch": 8, "steps": 12}
    return PretrainConfig(**options(one, out, **{**base, **more}))


def test_a_run_with_all_of_them(languages: tuple[Path, Path, Path], tmp_path: Path) -> None:
    done = pretrain(asked(languages, tmp_path / "run", steps=40, evaluate_every=20))
    found = done.told["training"]["metrics"]
    assert found["cooperative accuracy"] > 90  # the two have no word in common
    assert found["contrastive accuracy"] > 30  # of 8, and both directions: 12.5 by chance
    assert found["contrastive loss"] < np.log(8)
    assert {"loss", "cooperative loss"} <= set(found)
    model = open_encoder(str(tmp_path / "run"))
    assert model.width == 32
    stored = (tmp_path / "run" / "model" / "README.md").read_text("utf-8")
    assert "pairs.tsv | not stated | 300 |" in stored
    assert "cooperative,contrastive:0.5" in stored
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "cooperative accuracy" in page
    assert "weighted sum" in page
    assert "nats a token" not in page


def test_the_saved_model_has_no_head(languages: tuple[Path, Path, Path], tmp_path: Path) -> None:
    from safetensors import safe_open

    pretrain(asked(languages, tmp_path / "run", steps=2))
    pretrain(PretrainConfig(**options(languages[0], tmp_path / "plain", steps=2)))
    names = []
    for run in ("run", "plain"):
        with safe_open(tmp_path / run / "model" / "model.safetensors", "np") as file:
            names.append(set(file.keys()))
    assert names[0] == names[1]


def test_a_stopped_run_goes_on_to_the_same_bytes(
    languages: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    more = {"auxiliary": "adversarial:0.3,means:0.2,fisher:0.1,contrastive", "checkpoint_every": 5}
    more |= {"evaluate_every": 6, "ramp": 20}
    pretrain(asked(languages, tmp_path / "run-a1", **more))

    def stop(progress: Any) -> None:
        if progress.step >= 6:
            raise KeyboardInterrupt

    stopped = asked(languages, tmp_path / "run-b2", **more)
    with pytest.raises(KeyboardInterrupt):
        pretrain(stopped, progress=stop)
    assert (tmp_path / "run-b2" / "checkpoints" / "step-00000005").is_dir()
    pretrain(stopped)
    for name in COMPARED:
        both = [
            (tmp_path / run / name).read_bytes().replace(run.encode(), b"RUN")
            for run in ("run-a1", "run-b2")
        ]
        assert both[0] == both[1], name


def test_a_model_without_a_head_and_auxiliary_ones_alone(
    languages: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    pretrain(asked(languages, tmp_path / "first", steps=2))
    base = tmp_path / "base"
    bare(tmp_path / "first" / "model", base)
    (base / PROMPTS).write_text('{"prompts": {"query": "kitabu "}}')
    more = {"config": None, "tokenizer": None, "model": str(base), "objective": "none"}
    more |= {"corpora": (), "auxiliary": "contrastive", "freeze": 1, "learning_rate": 1e-2}
    done = pretrain(asked(languages, tmp_path / "run", steps=20, **more))
    assert done.told["held_out"] == []
    assert done.told["model"]["class"] == "ModernBertModel"
    before, after = open_encoder(str(base)), open_encoder(str(done.model))
    assert after.prefix == before.prefix == "kitabu "
    texts = sentences(20)
    early, late = (after.layers(texts, [one]) - before.layers(texts, [one]) for one in (1, 2))
    assert np.abs(early).max() < 1e-2 < np.abs(late).max()  # one layer is frozen, of two


def test_without_an_objective_nothing_is_said_of_a_head(
    languages: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    """BERT's encoder has a pooler beside its layers, which its files lack; nobody asks it."""
    pretrain(asked(languages, tmp_path / "first", config="bert-nano", steps=2))
    base = tmp_path / "base"
    bare(tmp_path / "first" / "model", base)
    file = base / "model.safetensors"
    weights = {name: w for name, w in load_file(file).items() if "pooler" not in name}
    save_file(weights, file, {"format": "pt"})
    more = {"config": None, "tokenizer": None, "model": str(base), "objective": "none"}
    more |= {"corpora": (), "auxiliary": "contrastive"}
    done = pretrain(asked(languages, tmp_path / "run", steps=2, **more))
    assert done.told["model"]["class"] == "BertModel"
    assert done.told["notes"] == []


def test_a_language_gets_the_vectors_of_its_translations(
    languages: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    """The space stays: what is new in it is where the old one was."""
    pretrain(asked(languages, tmp_path / "first", steps=2))
    base = tmp_path / "base"
    bare(tmp_path / "first" / "model", base)
    more = {"config": None, "tokenizer": None, "model": str(base), "objective": "none"}
    more |= {"corpora": (), "auxiliary": "distillation", "learning_rate": 5e-3}
    done = pretrain(asked(languages, tmp_path / "run", steps=60, evaluate_every=30, **more))
    before, after = open_encoder(str(base)), open_encoder(str(done.model))
    texts = sentences(40)
    goal = before.encode(texts)
    said = [backwards(text) for text in texts]
    kept, begun, learned = (
        float(np.mean(np.sum(goal * found, axis=1)))
        for found in (after.encode(texts), before.encode(said), after.encode(said))
    )
    assert learned > begun + 0.5 * (1 - begun)
    assert kept > begun
    told = done.told["training"]["metrics"]["distillation loss"]
    assert told == pytest.approx(1 - (kept + learned) / 2, abs=0.1)


def bare(folder: Path, out: Path) -> None:
    """The model of a folder without its head, as multilingual-e5-small is one."""
    from models.tokenizer import open_fast_tokenizer
    from models.weights import open_weights, save_safetensors

    model, _ = open_weights(folder, "AutoModel", "cannot be opened")
    save_safetensors(model, out)
    open_fast_tokenizer(folder).save_pretrained(out)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"auxiliary": "adverserial"}, '"adverserial": expected one of adversarial, cooperative'),
    ({"auxiliary": "means:0"}, 'auxiliary "means:0": expected NAME:WEIGHT with a weight above 0'),
    ({"auxiliary": "means,means"}, '"means" stands twice; give it once'),
    ({"auxiliary": "adversarial,cooperative"}, "undo each other; choose one"),
    ({"auxiliary": "means"}, "--pairs belongs to --auxiliary contrastive"),
    ({"pairs": ()}, "--auxiliary cooperative,contrastive:0.5 needs --pairs"),
    ({"auxiliary": "distillation"}, "--auxiliary distillation keeps the vectors of a pretrained"),
    ({"contrast": 0.0}, "--contrast 0.0: expected a number above 0"),
    ({"freeze": 9}, "--freeze 9: expected 0 (the embeddings alone) to 2 layers of ModernBertModel"),
    ({"pairs": ("nowhere.tsv",)}, "nowhere.tsv: no such file"),
    ({"pairs": ("nowhere",)}, "--pairs nowhere: no such file or folder, and no set of that name"),
    (
        {"pairs": ("lafand",)},
        "--pairs lafand: expected NAME[:SPLIT]:LANGUAGE, such as lafand:train",
    ),
    ({"pairs": ("sample:sw", "sample:sw")}, "--pairs sample:sw: named twice"),
    ({"pairs_a_batch": 5000}, "--pairs: expected 5000 translations or more to train on, found 2"),
    ({"auxiliary": "means", "pairs": (), "corpora": ("sample:sw",)}, "found sw; name corpora of"),
    ({"objective": "none", "auxiliary": None, "pairs": ()}, "--objective none needs --auxiliary"),
    ({"objective": "none,MLM"}, "none stands alone"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_bad_input(
    wrong: dict[str, Any], message: str, languages: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        pretrain(asked(languages, tmp_path / "run", **wrong))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sides_of_unequal_length(tmp_path: Path) -> None:
    left, right = write_corpus(tmp_path / "a.sw", 9), write_corpus(tmp_path / "a.en", 8)
    with pytest.raises(InputError, match=r"expected files of as many lines each, found .* 9, .* 8"):
        find_bitext(f"{left},{right}")


def test_pairs_by_name(tmp_path: Path) -> None:
    assert find_bitext("sample:sw").licence == "CC0-1.0"
    table = tmp_path / "three.tsv"
    table.write_text("sw\tzu\ten\nmbwa\tinja\tdog\n", "utf-8")
    assert find_bitext(f"{table}:zu-en").pairs == (("inja", "dog"),)
    with pytest.raises(InputError, match=r"expected two languages, found sw, zu, en; choose two"):
        find_bitext(str(table))
    bare = tmp_path / "bare.tsv"
    bare.write_text("a dog\tmbwa\n", "utf-8")
    with pytest.raises(InputError, match=r'two languages, such as "en<TAB>sw", found "a dog" and'):
        find_bitext(str(bare))
    made = tmp_path / "made"
    made.mkdir()
    (made / "pairs.tsv").write_text("dog\tmbwa\n", "utf-8")
    run = {"mode": "parallel", "format": "text", "language": "sw"}
    run |= {"licence": {"strictest": "CC0-1.0"}}
    (made / "config.json").write_text(json.dumps({"run": run}))
    with pytest.raises(InputError, match="its synthesis has not finished"):
        find_bitext(str(made))
    (made / "coverage.json").write_text("{}")
    assert find_bitext(str(made)).pairs == (("dog", "mbwa"),)
    with gzip.open(made / "pairs.tsv.gz", "wt") as file:
        file.write("cat\tpaka\n")
    assert find_bitext(str(made)).pairs == (("dog", "mbwa"), ("cat", "paka"))


def test_the_language_of_a_corpus(tmp_path: Path) -> None:
    said: list[str] = []
    corpus = find_corpus(str(write_corpus(tmp_path / "news.sw.txt", 3)))
    assert language_of(corpus, Access(report=said.append)) == "sw"
    assert said == [f"{corpus.name}: taken for Swahili, by its name's part sw"]
    assert language_of(find_corpus("sample:sw")) == "sw"
    corpus = find_corpus(str(write_corpus(tmp_path / "news.txt", 3)))
    with pytest.raises(InputError, match=r"nothing says the language of .*news\.txt; put its code"):
        language_of(corpus)


def setting(**more: Any) -> Setting:
    return Setting(**{"languages": ("sw", "am", "sw"), "width": 8, "ramp": 10, **more})


def texts(corpus: list[int], step: int = 100) -> dict[str, torch.Tensor]:
    mask = torch.ones(len(corpus), 1, dtype=torch.long)
    return {"attention_mask": mask, "corpus": torch.tensor(corpus), "step": torch.tensor(step)}


def test_the_gradient_is_turned_for_the_encoder_and_not_for_the_head() -> None:
    torch.manual_seed(1)
    states = torch.randn(4, 1, 8)
    gradients = []
    for adversarial, step in ((False, 100), (True, 100), (True, 0)):
        torch.manual_seed(2)
        head, seen = LanguageHead(setting(), adversarial), states.clone().requires_grad_()
        head(seen, texts([0, 1, 2, 1], step)).total.backward()
        assert seen.grad is not None
        gradients.append((seen.grad, head.layers[2].weight.grad))
    (plain, own), (turned, same), (begun, _) = gradients
    assert torch.allclose(turned, -plain, rtol=1e-3)
    assert torch.equal(own, same)
    assert not begun.any()  # the ramp begins at nothing


def test_means_that_are_one_cost_nothing_on_average() -> None:
    """The loss of clouds with one mean is 0 in expectation, of others their distance."""
    torch.manual_seed(3)
    head = Means(setting())
    alike = [
        float(head(torch.randn(6, 1, 8), texts([0, 1, 0, 1, 0, 1])).total) / 6 for _ in range(900)
    ]
    assert abs(float(np.mean(alike))) < 0.03
    apart = torch.randn(4000, 1, 8)
    apart[::2, :, 0] += 2.0  # squared distance 4; over 2 (of two means, to their mean); spread 8
    found = head(apart, texts([0, 1] * 2000))
    assert float(found.total) / 4000 == pytest.approx(4 / 2 / 8, rel=0.1)
    assert found.right is None


def test_a_language_with_one_text_in_the_batch_has_no_spread_and_is_left_out() -> None:
    torch.manual_seed(5)
    head, states = Means(setting(languages=("sw", "am", "zu"))), torch.randn(5, 1, 8)
    four = float(head(states[:4], texts([0, 1, 0, 1])).total) / 4
    five = float(head(states, texts([0, 1, 0, 1, 2])).total) / 5
    assert five == pytest.approx(four)
    assert five != 0
    alone = head(states[:3], texts([0, 0, 1]))
    assert (float(alone.total), int(alone.scored)) == (0, 3)


def test_fisher_measures_by_the_spread_within_a_language() -> None:
    """Half a unit apart where sentences hardly differ is farther than two where they do."""
    torch.manual_seed(3)
    spread = torch.tensor([4.0, 0.25, 1, 1, 1, 1, 1, 1])
    found = {}
    for axis, distance in ((0, 2.0), (1, 0.5)):
        head = Fisher(setting())
        apart = torch.randn(4000, 1, 8) * spread
        apart[::2, :, axis] += distance
        told = head(apart, texts([0, 1] * 2000))
        found[axis] = float(told.total) / 4000
        assert found[axis] == pytest.approx((distance / spread[axis].item()) ** 2 / 2 / 8, rel=0.1)
        assert told.right is None
        covariance = head.within.diagonal()
        assert torch.allclose(covariance, spread.square(), rtol=0.1)
    assert found[1] > 10 * found[0]
    assert float(Means(setting())(apart, texts([0, 1] * 2000)).total) / 4000 < 0.01


def test_few_sentences_say_little_of_a_spread() -> None:
    """Six sentences in eight dimensions: no direction may count for nothing."""
    torch.manual_seed(4)
    head, alike = Fisher(setting()), []
    for _ in range(300):
        alike.append(float(head(torch.randn(6, 1, 8), texts([0, 1, 0, 1, 0, 1])).total) / 6)
    assert abs(float(np.mean(alike[20:]))) < 0.05
    assert head.eval()(torch.randn(2, 1, 8), texts([0, 1])).total == 0  # one of each: no distance


def test_contrast_by_hand() -> None:
    """Two pairs at right angles: cosine 1 at the right place, 0 at the other, both ways."""
    states = torch.eye(8)[[0, 1, 0, 1]].reshape(4, 1, 8)
    batch = {"attention_mask": torch.ones(4, 1, dtype=torch.long)}
    batch |= {"source": torch.tensor([5, 6]), "target": torch.tensor([7, 8])}
    found = Contrastive(setting(temperature=0.5))(states, batch)
    assert float(found.total) == pytest.approx(4 * np.log(1 + np.exp(-2)))
    assert (int(found.scored), int(found.right)) == (4, 4)
    batch["target"] = torch.tensor([7, 7])  # the same text twice is no wrong answer
    assert float(Contrastive(setting())(states, batch).total) == pytest.approx(0.0, abs=1e-6)


def test_a_quick_layer_moves_as_far_as_its_quickness_says() -> None:
    moved = []
    for quickness in (1.0, 20.0):
        torch.manual_seed(4)
        layer, states = Quick(3, 2, quickness), torch.ones(1, 3)
        optimiser = torch.optim.AdamW(layer.parameters(), lr=1e-3, weight_decay=0.0)
        before = layer(states)
        before.sum().backward()
        optimiser.step()
        moved.append(float((layer(states) - before).detach().abs().max()))
    assert moved[1] == pytest.approx(20 * moved[0], rel=0.01)


def test_streams_side_by_side_go_on_from_their_places() -> None:
    def made() -> Together:
        parts = {n: [{"x": torch.tensor(v)} for v in range(n)] for n in (3, 4)}
        return Together({str(n): Shuffled(rows, seed=n) for n, rows in parts.items()})

    whole = [batch for _, batch in zip(range(9), made(), strict=False)]
    stream = made()
    first = [batch for _, batch in zip(range(5), stream, strict=False)]
    again = made()
    again.load_state_dict(stream.state_dict())
    rest = [batch for _, batch in zip(range(4), again, strict=False)]
    assert [*first, *rest] == whole
    assert [int(batch["step"]) for batch in whole] == list(range(9))
    shares = [[b for _, b in zip(range(3), made().shard(rank, 2), strict=False)] for rank in (0, 1)]
    assert [int(b["3/x"]) for pair in zip(*shares, strict=False) for b in pair] == [
        int(b["3/x"]) for b in whole[:6]
    ]


def test_pairs_come_once_an_epoch(tmp_path: Path) -> None:
    from training.tokenizer.learning import train_tokenizer

    lines = sentences(40)
    tokenizer = train_tokenizer(sentences(400), 380).tokenizer
    bitext = Bitext("made", tuple((line, backwards(line)) for line in lines))
    config = asked((tmp_path, tmp_path, tmp_path), tmp_path, pairs_a_batch=10)
    stream = PairStream(
        [bitext], tokenizer.backend_tokenizer, Special.of(tokenizer), (), config, 0.0
    )
    seen = [batch["source"].tolist() for _, batch in zip(range(4), stream, strict=False)]
    assert sorted(one for batch in seen for one in batch) == sorted(range(0, 80, 2))


def test_a_joint_loss_is_the_sum_of_weighted_means() -> None:
    class Fixed(torch.nn.Module):
        def forward(self, states: torch.Tensor, batch: Any) -> Any:
            from training.objectives.auxiliary import Outcome

            return Outcome(torch.tensor(6.0), torch.tensor(3), None)

    class Body(torch.nn.Module):
        base_model_prefix = ""

        class config:  # noqa: N801
            is_encoder_decoder = False

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            from types import SimpleNamespace

            return SimpleNamespace(last_hidden_state=torch.zeros(1, 1, 2))

    def main_loss(model: Any, batch: Any) -> Any:
        return torch.tensor(20.0), torch.tensor(10)

    batch = {"step": torch.tensor(0)}
    batch |= {f"texts/{n}": torch.ones(1, 1) for n in ("input_ids", "attention_mask")}
    weighted = {"fixed": Weighted(Fixed(), 0.5, "texts")}
    total, count = joint_loss(Joint(Body(), weighted, main_loss), batch)
    assert (float(total), int(count)) == (20 + 0.5 * 2 * 10, 10)
    total, count = joint_loss(Joint(Body(), weighted, None), batch)
    assert (float(total), int(count)) == (0.5 * 2 * 3, 3)


def test_names() -> None:
    assert parse_auxiliary(None) == {}
    with pytest.raises(ValueError, match='there is a "means" already'):
        register_auxiliary("means", "texts", lambda _: torch.nn.Identity())
    assert set(AUXILIARIES) >= {"adversarial", "cooperative", "means", "phonemes", "contrastive"}


def test_frozen_weights(tmp_path: Path) -> None:
    from training.architectures import SpecialIds, build

    model = build("bert-nano", SpecialIds(0, 1, 2), 50, seed=1)
    freeze(model, 1)
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert any("layer.1." in name for name in trained)
    assert not any("layer.0." in name or "embeddings" in name for name in trained)
    assert any(re.match(r"cls\.", name) for name in trained)


def test_a_tagger_with_texts_of_the_other_language(tmp_path: Path) -> None:
    """Adversarial text beside a tagger: it learns, and what does not go together is refused."""
    from tests.training.tagged_texts import ENGLISH, SWAHILI, labelled, tokenizer_folder, write
    from tests.training.tagged_texts import options as tag_options
    from training.tag import tag
    from training.tagging.config import TagConfig

    texts = []
    for code, words in (("en", ENGLISH), ("sw", SWAHILI)):
        path = tmp_path / f"text.{code}.txt"
        path.write_text("".join(" ".join(one.tokens) + "\n" for one in labelled(words, 80)))
        texts.append(str(path))
    pieces = tokenizer_folder(tmp_path / "pieces")
    english = write(tmp_path / "en-test.txt", labelled(ENGLISH, 40, seed=9))
    more = {"auxiliary": "adversarial:0.1", "texts": tuple(texts), "ramp": 5, "test": (english,)}
    done = tag(TagConfig(**tag_options(tmp_path, pieces, **more)))
    assert done.told["results"][0]["score"]["value"] > 90
    assert "adversarial:0.1" in (done.folder / "report.html").read_text("utf-8")
    with pytest.raises(InputError, match="--texts and --auxiliary belong together"):
        TagConfig(**tag_options(tmp_path, pieces, **{**more, "texts": ()}))
    alone = {**more, "texts": tuple(texts[1:]), "out": tmp_path / "alone"}
    with pytest.raises(InputError, match=r"two languages or more are needed .* found sw"):
        tag(TagConfig(**tag_options(tmp_path, pieces, **alone)))
