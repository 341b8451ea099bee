"""The parts of tagging, each against what can be worked out by hand."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from data.access import Access
from data.errors import InputError, UnavailableError
from data.pages import Interval
from data.tagged import TaggedSentence, tagged_lines
from models.tokenizer import open_fast_tokenizer
from tests.training.tagged_texts import ENGLISH, SWAHILI, labelled, options, tokenizer_folder, write
from training.tag import Tagged, _show
from training.tagging.config import TagConfig
from training.tagging.distillation import CHANGED, KEPT, agreeing, distilled, relabelled
from training.tagging.labelled import (
    Labelled,
    file_name,
    find_labelled,
    keep_out_of,
    scheme_of,
    without_tests,
)
from training.tagging.scoring import plain_value
from training.tagging.tagger import (
    NO_PIECE,
    Coder,
    Window,
    batches_of,
    first_pieces,
    inference,
    labels_of,
    load_tagger,
    open_tagger,
)
from training.tokenizer.special import literal_backend


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> object:
    return open_fast_tokenizer(tokenizer_folder(tmp_path_factory.mktemp("tokenizer")))


def test_every_word_has_the_piece_that_its_first_letter_stands_in(tokenizer: object) -> None:
    words = ("mwalimu", "ŋañ", "anasoma", ".", "<mask>", "kitabu")
    encoding = literal_backend(tokenizer).encode(" ".join(words), add_special_tokens=False)
    starts = [0, 8, 12, 20, 22, 29]
    for place, word, start in zip(first_pieces(words, encoding), words, starts, strict=True):
        begin, end = encoding.offsets[place]
        assert begin <= start < end, word
    assert len(set(first_pieces(words, encoding))) == len(words)


def test_a_word_that_the_tokenizer_drops_has_no_piece_and_no_label(tokenizer: object) -> None:
    class Encoding:
        def char_to_token(self, place: int) -> int | None:
            return {0: 0, 1: 0, 5: 1}.get(place)

    assert first_pieces(("ab", "x", "y"), Encoding()) == [0, NO_PIECE, 1]
    [window] = Coder(tokenizer, 32).windows([("mbwa", "leo")])
    bare = window.__class__(0, 0, window.ids, (window.firsts[0], NO_PIECE))
    assert [label for label in labels_of(bare, [4, 7]) if label >= 0] == [4]


def test_windows_hold_every_word_once_and_never_more_than_fits(tokenizer: object) -> None:
    sentences = [one.tokens * 5 for one in labelled(SWAHILI, 20)] + [("anasomakitabu" * 9, "leo")]
    windows = Coder(tokenizer, 16).windows(sentences)
    assert max(len(window.ids) for window in windows) <= 16
    words = Counter[tuple[int, int]]()
    for window in windows:
        words.update((window.sentence, window.word + n) for n in range(len(window.firsts)))
        assert all(0 < place < len(window.ids) - 1 for place in window.firsts)
    assert set(words.values()) == {1}
    assert len(words) == sum(map(len, sentences))


def test_batches_are_sorted_within_pools_of_thirty_two() -> None:
    """Pieces 4 and 8 a window, 6 on average; 30 a batch: 32 x 30 / 6 = 160 windows a pool."""
    windows = [Window(n, 0, tuple(range(4 + 4 * (n % 2))), (1,)) for n in range(480)]
    tags = [[n % 3] for n in range(480)]
    batches = batches_of(windows, 30, 0, tags, seed=1)
    widths = [batch["input_ids"].shape[1] for batch in batches]
    starts = [0, *(n for n in range(1, len(widths)) if widths[n] < widths[n - 1]), len(widths)]
    pools = [batches[a:b] for a, b in pairwise(starts)]
    assert [sum(len(batch["labels"]) for batch in pool) for pool in pools] == [160, 160, 160]
    assert all(batch["input_ids"].numel() <= 30 for batch in batches)
    labels = [batch["labels"][:, 1].tolist() for batch in batches]
    again = batches_of(windows, 30, 0, tags, seed=1)
    assert labels == [batch["labels"][:, 1].tolist() for batch in again]
    other = batches_of(windows, 30, 0, tags, seed=2)
    assert labels != [batch["labels"][:, 1].tolist() for batch in other]


def test_batches_of_nothing() -> None:
    with pytest.raises(InputError, match="training data: expected sentences, found none"):
        batches_of([], 30, 0, [], seed=1)


def test_a_batch_is_smaller_than_the_longest_sentence() -> None:
    windows = [Window(n, 0, tuple(range(50)), (1,)) for n in range(3)]
    found = batches_of(windows, 1, 0, [[0]] * 3, seed=1)
    assert [batch["input_ids"].shape for batch in found] == [(1, 50)] * 3


def test_batches_score_each_word_once(tokenizer: object) -> None:
    sentences = labelled(SWAHILI, 50)
    coder = Coder(tokenizer, 32)
    tags = [[n for n, _ in enumerate(one.tokens)] for one in sentences]
    windows = coder.windows([one.tokens for one in sentences])
    batches = batches_of(windows, 128, coder.pad, tags, seed=1)
    scored = Counter[int]()
    for batch in batches:
        assert batch["input_ids"].numel() <= 128
        assert (batch["labels"][batch["attention_mask"] == 0] == -100).all()
        scored.update(label for label in batch["labels"].flatten().tolist() if label >= 0)
    assert scored == Counter(n for row in tags for n in row)


def test_sentences_of_the_test_set_leave_the_training_data(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    sentences = labelled(SWAHILI, 40)
    path.write_text("".join(map(tagged_lines, sentences)), "utf-8")
    found = find_labelled(str(path))
    shouted = " ".join(sentences[0].tokens).upper().replace(" ", "")
    dropped = Counter[str]()
    kept = without_tests(found, keep_out_of([("mine", [shouted])]), dropped)
    same = sum(one.tokens[:-1] == sentences[0].tokens[:-1] for one in sentences)
    assert dropped == {"sentence of mine": same}
    assert len(kept.sentences) == 40 - same


def test_what_lexaug_wrote_is_read_and_an_unfinished_run_is_refused(tmp_path: Path) -> None:
    from lexaug.config import SynthesisConfig
    from lexaug.synthesize import synthesize

    text = tmp_path / "en.txt"
    text.write_text("the DET\ndog NOUN\nand CCONJ\nthe DET\nbook NOUN\n\n", "utf-8")
    out = tmp_path / "made"
    more = {"mode": "tags", "lexicon": "sample", "keep_at_least": 1, "out": out}
    synthesize(SynthesisConfig("sw", str(text), **more))  # type: ignore[arg-type]
    found = find_labelled(str(out))
    assert found.synthetic
    assert found.sentences[0].tags[-1] == "NOUN"
    assert "kitabu" in found.sentences[0].tokens
    (out / "coverage.json").unlink()
    with pytest.raises(InputError, match=r"made: expected the finished run of lexaug\.synthesize"):
        find_labelled(str(out))


def test_names_that_are_none_say_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nosuch: no such file or folder, .* masakhapos"):
        find_labelled("nosuch")
    with pytest.raises(InputError, match=r"masakhapos: say in which language, as masakhapos:SPLIT"):
        find_labelled("masakhapos")
    with pytest.raises(
        InputError, match=r'no split "tets" of masakhapos; it has: dev, test, train'
    ):
        find_labelled("masakhapos:tets:bam")
    empty = tmp_path / "empty.txt"
    empty.write_text("\n\n")
    with pytest.raises(
        InputError, match=r"empty\.txt: expected labelled sentences, found only blank"
    ):
        find_labelled(str(empty))
    with pytest.raises(InputError, match=r"empty\.txt: expected labelled sentences, found none; g"):
        find_labelled(str(empty), labels=False)


def test_parts_of_speech_and_names_do_not_mix(tmp_path: Path) -> None:
    pos, ner = tmp_path / "pos.txt", tmp_path / "ner.txt"
    pos.write_text("Nyeri PROPN\n")
    ner.write_text("Nyeri B-LOC\n")
    sets = [find_labelled(str(path)) for path in (pos, ner)]
    with pytest.raises(
        InputError, match=r"expected one scheme of labels, found .*pos\.txt pos, .*bio"
    ):
        scheme_of(sets, None)
    with pytest.raises(InputError, match=r"expected --scheme bio, found .*pos\.txt pos"):
        scheme_of(sets[:1], "bio")


def test_a_teacher_changes_labels_or_drops_sentences_and_both_are_counted() -> None:
    made = [
        TaggedSentence("1", ("mbwa", "lala"), ("NOUN", "NOUN")),
        TaggedSentence("2", ("leo",), ("ADV",)),
    ]
    taught = [["NOUN", "VERB"], ["ADV"]]
    counts = Counter[str]()
    assert [one.tags for one in relabelled(made, taught, counts)] == [("NOUN", "VERB"), ("ADV",)]
    assert counts == {CHANGED: 1, KEPT: 2}
    assert agreeing(made, taught, 0.6, Counter()) == made[1:]
    assert agreeing(made, taught, 0.5, Counter()) == made


def test_plain_values_are_the_scores_without_intervals() -> None:
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["O"]]
    found = [["B-PER", "I-PER", "O", "O"], ["B-LOC"]]
    assert plain_value(gold, found, "bio") == pytest.approx(50)  # 1 right of 2 guessed and 2 there
    assert plain_value(gold, found, "pos") == pytest.approx(60)


def test_prediction_files_have_names_that_any_disk_takes() -> None:
    assert file_name("masakhapos:test:bam") == "masakhapos-test-bam.txt"
    assert file_name("../a b/c?.txt") == "a-b-c.txt"


class Teacher:
    """Labels everything alike."""

    labels = ("B-PER", "I-PER", "O")

    def __init__(self, found: list[list[str]]) -> None:
        self._found = found

    def tag(self, sentences: Any) -> list[list[str]]:
        assert [len(one) for one in sentences] == [len(one) for one in self._found]
        return self._found


def test_a_teacher_of_names_begins_each_with_its_first_word() -> None:
    """An I- that follows nothing of its kind is a beginning; a teacher of other labels is none."""
    made = [TaggedSentence("1", ("Amina", "Juma", "na"), ("O", "O", "O"))]
    teacher: Any = Teacher([["I-PER", "I-PER", "O"]])
    [found] = distilled(made, teacher, "relabel", 0.8, "bio", Counter())
    assert found.tags == ("B-PER", "I-PER", "O")
    teacher.labels = ("NOUN", "VERB")
    with pytest.raises(InputError, match="teacher"):
        distilled(made, teacher, "relabel", 0.8, "bio", Counter())


def test_what_is_shown_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    score = {"name": "span F1", "value": 61.25, "low": 50.0, "high": 70.04, "n": 1200}
    told = {
        "results": [{"test": "x.txt", "system": "model", "score": score}],
        "data": [{"name": "x.txt", "dropped": {"empty": 1500}, "repaired": {"I- to B-": 2}}],
        "notes": ["one thing"],
    }
    _show(Tagged(Path("runs/x"), Path("runs/x/model"), told))
    shown = capsys.readouterr()
    assert shown.out == "runs/x/model\n"
    assert shown.err.splitlines() == [
        "x.txt, model: span F1 61.2 [50.0, 70.0], n 1,200",
        "x.txt: empty: 1,500",
        "x.txt: I- to B-: 2",
        "note: one thing",
    ]


def test_a_run_as_a_table_and_as_a_picture() -> None:
    score = {"name": "span F1", "value": 61.25, "low": 50.0, "high": 70.04, "n": 1200}
    lower = {**score, "value": 20.0, "low": 10.0, "high": 30.0}
    kinds = [
        ("x.txt", "model", score),
        ("x.txt", "most frequent", lower),
        ("y.txt", "model", lower),
    ]
    told = {"results": [{"test": t, "system": s, "score": found} for t, s, found in kinds]}
    done = Tagged(Path("runs/x"), Path("runs/x/model"), told)
    assert done.summary() == "2 test sets; runs/x"
    assert [(row["test"], row["system"], row["value"]) for row in done.rows()] == [
        ("x.txt", "model", 61.25),
        ("x.txt", "most frequent", 20.0),
        ("y.txt", "model", 20.0),
    ]
    name, found = done.intervals()
    assert (name, len(found)) == ("span F1", 3)
    assert found[1] == Interval("x.txt, most frequent", 20.0, 10.0, 30.0)
    assert Tagged(Path("x"), Path("x/model"), {"results": []}).intervals() == ("", [])


def refused(folder: Path, pieces: str = "pieces", **more: Any) -> str:
    """What a configuration is refused with."""
    with pytest.raises(InputError) as caught:
        TagConfig(**options(folder, Path(pieces), **more))
    return str(caught.value)


def test_configurations_that_cannot_be(tmp_path: Path) -> None:
    assert refused(tmp_path, train=()).startswith("--train is missing; name a labelled set")
    assert TagConfig(**options(tmp_path, Path("p"), train=(), pseudo=("x",))).pseudo == ("x",)
    both, neither = {"model": "x"}, {"config": None}
    assert refused(tmp_path, **both).endswith("found both")
    assert refused(tmp_path, **neither).endswith("found neither")
    assert refused(tmp_path, tokenizer=None).startswith("--config needs --tokenizer FOLDER")
    own = {"config": None, "model": "x"}
    assert refused(tmp_path, **own).startswith("--tokenizer belongs to --config; a model has")
    assert refused(tmp_path, config="bart-nano").startswith(
        "--config bart-nano: expected an encoder such as"
    )
    for option, wrong in [("scheme", "bios"), ("distil", "agre"), ("dtype", "bfloat61")]:
        assert refused(tmp_path, **{option: wrong}).startswith(f'--{option} "{wrong}": expected')
        assert "did you mean" in refused(tmp_path, **{option: wrong})
    for option, wrong, least in [("length", 7, 8), ("batch_tokens", 31, 32), ("limit", 0, 1)]:
        name = f"--{option.replace('_', '-')}"
        assert refused(tmp_path, **{option: wrong}) == f"{name} {wrong}: expected {least} or more"
        TagConfig(**options(tmp_path, Path("p"), **{option: least}))
    for wrong_share in (-0.1, 1.1):
        assert "--agreement" in refused(tmp_path, agreement=wrong_share)
    for share in (0.0, 1.0):
        TagConfig(**options(tmp_path, Path("p"), agreement=share))
    for option in ("evaluate_every", "patience"):
        assert "need --dev" in refused(tmp_path, **{option: 1, "dev": None})


def test_sets_that_cannot_be_together(tmp_path: Path) -> None:
    from training.tagging.run import prepare

    def prepared(**more: Any) -> Any:
        with prepare(TagConfig(**options(tmp_path, pieces, **more)), Access()) as found:
            return found

    pieces = tmp_path / "pieces"
    pieces.mkdir()
    (pieces / "tokenizer.json").write_text("{}")
    name = write(tmp_path / "a.txt", labelled(ENGLISH, 9))
    with pytest.raises(InputError, match=r"a\.txt: named twice; a set has one role"):
        prepared(train=(name,), test=(name,))
    same = write(tmp_path / "b.txt", labelled(ENGLISH, 9))
    left = "every sentence stands in a test set too; nothing is left to"
    with pytest.raises(InputError, match=rf"b\.txt: {left} train on"):
        prepared(train=(same,), test=(name,))
    with pytest.raises(InputError, match=rf"b\.txt: {left} choose by"):
        prepared(dev=same, test=(name,))
    few = prepared(limit=5)
    assert [len(one.sentences) for one in few.sets["train"]] == [5]
    assert sum(len(one.sentences) for one in few.sets["test"]) == 60


def test_devices_are_looked_for_before_anything_is_read(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    from training.tagging.run import prepare

    asked = TagConfig(**options(tmp_path, Path("p"), device="cuda", train=("none",)))
    with pytest.raises(UnavailableError, match="device cuda"):
        prepare(asked, Access()).__enter__()


def test_taggers_that_are_none(tokenizer: object, tmp_path: Path) -> None:
    """An encoder lacks the last layer, and a tokenizer may lack what frames a text."""
    from training.architectures import SpecialIds, build

    folder = tmp_path / "encoder"
    build("bert-nano", SpecialIds(pad=0, bos=2, eos=3), 380, seed=1).save_pretrained(folder)
    tokenizer.save_pretrained(folder)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"encoder: not a tagger, its last layer is missing"):
        load_tagger(str(folder))
    pieces = tmp_path / "pieces"
    config = TagConfig(**options(tmp_path, pieces))
    tokenizer.save_pretrained(pieces)  # type: ignore[attr-defined]
    tagger = open_tagger(config, None, ["NOUN", "VERB"], "VERB")
    assert tagger.tag([()]) == [[]]
    assert tagger.model.config.id2label == {0: "NOUN", 1: "VERB"}
    assert tagger.model.config.label2id == {"NOUN": 0, "VERB": 1}
    again = open_tagger(config, None, ["NOUN", "VERB"], "VERB")
    names = [[one.tokens for one in labelled(SWAHILI, 5)]] * 2
    assert tagger.tag(names[0]) == again.tag(names[1])
    tagger.model.train()  # as an update leaves it: no word may be dropped from what is read
    with inference(tagger.model):
        assert not tagger.model.training
    assert tagger.model.training
    told = tmp_path / "pieces" / "tokenizer_config.json"
    settings = json.loads(told.read_text("utf-8"))
    told.write_text(json.dumps({**settings, "pad_token": None}), "utf-8")
    with pytest.raises(InputError, match=r"the tokenizer has no pad token; train one: training\."):
        open_tagger(config, None, ["NOUN", "VERB"], "VERB")


def test_the_loop_gets_what_was_asked_for_of_a_tagger(tmp_path: Path) -> None:
    asked: dict[str, Any] = {
        "steps": 7,
        "clock": "cpu",
        "learning_rate": 0.5,
        "schedule": "wsd",
        "warmup": 0.25,
        "optimizer": "muon",
        "accumulate": 3,
        "average": 0.5,
        "dtype": "bfloat16",
        "seed": 11,
        "evaluate_every": 4,
        "patience": 2,
        "checkpoint_every": 6,
    }
    found = TagConfig(**options(tmp_path, Path("p"), **asked)).settings()
    assert {name: getattr(found, name) for name in asked} == asked
    usual = TagConfig(train=("x",), config="encoder-nano", tokenizer="p", steps=1).settings()
    assert (usual.learning_rate, usual.schedule, usual.warmup) == (5e-4, "linear", 0.1)
    with pytest.raises(InputError, match="--steps"):
        TagConfig(**options(tmp_path, Path("p"), steps=None))


def test_sets_of_the_catalog(mirror: Path) -> None:
    assert mirror
    found = find_labelled("masakhapos:test:bam")
    assert len(found.sentences) == 619
    assert found.to_json() == {
        "name": "masakhapos:test:bam",
        "sentences": 619,
        "tokens": sum(len(one.tokens) for one in found.sentences),
        "language": "bam",
        "licence": "CC-BY-NC-4.0",
        "synthetic": False,
        "sha256": found.sha256,
    }
    assert find_labelled("MasakhaPOS:bam", "test").sentences == found.sentences
    assert find_labelled("masakhapos:bam").sentences != found.sentences
    with pytest.raises(InputError, match=r"a:b:c:d: no such file or folder, and no labelled set"):
        find_labelled("a:b:c:d")


def test_a_share_of_words_is_met_exactly() -> None:
    made = [TaggedSentence("1", ("a", "b", "c", "d"), ("X", "X", "X", "X"))]
    for share, kept in ((0.75, 1), (0.76, 0), (0.0, 1), (1.0, 0)):
        counts = Counter[str]()
        assert len(agreeing(made, [["X", "X", "X", "Y"]], share, counts)) == kept
        assert sum(counts.values()) == 1 - kept


def test_a_published_set_with_a_lost_letter_can_be_trained_on() -> None:
    """MasakhaNER 2.0 in Hausa has one."""
    found = Labelled("mine", (TaggedSentence("1", ("\u9225\ufffd", "gida"), ("O", "O")),))
    assert found.to_json()["sha256"] != Labelled("mine", ()).to_json()["sha256"]
