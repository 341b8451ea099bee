"""Encoder-decoders: ctranslate2 answers as transformers does, few-shot and as a translator."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError, UnavailableError
from data.languages import resolve
from data.load import load_parallel
from data.parallel import Pair
from icl.engines import Request
from icl.engines.tokenization import PromptTokenizer
from icl.evaluate import evaluate
from icl.options import RunConfig
from icl.prompt import Languages, Prompt, render
from icl.templates import TEMPLATES
from models.resolve import resolve_model
from tests.icl.opened import opened

ENGINES = ("transformers", "ctranslate2")
SOURCES = [
    "Habari ya asubuhi.",
    "Mtoto anasoma kitabu.",
    "Mvua ilinyesha usiku kucha mjini.",
    "Ndiyo.",
    "Walimu walifika.",
]
SWAHILI = Languages("Swahili", "English", "swh_Latn", "eng_Latn", "sw", "en")
TURNED = Languages("English", "Swahili", "eng_Latn", "swh_Latn", "en", "sw")


def small_config(vocabulary: int) -> Any:
    from transformers import M2M100Config

    return M2M100Config(
        vocab_size=vocabulary,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=256,
        init_std=0.6,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=2,
    )


def save(tokenizer: Any, folder: Path) -> Path:
    """A model of two layers with random weights beside its tokenizer."""
    import torch
    from transformers import M2M100ForConditionalGeneration

    torch.manual_seed(11)
    tokenizer.save_pretrained(folder)
    M2M100ForConditionalGeneration(small_config(len(tokenizer))).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tiny_m2m(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """M2M-100 as its publisher lays it out: SentencePiece, and a token a language (__sw__)."""
    import sentencepiece
    from transformers import M2M100Tokenizer
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

    folder = tmp_path_factory.mktemp("m2m")
    pairs = load_parallel("sample", resolve("sw"), resolve("en")).pairs
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([text for pair in pairs for text in (pair.source, pair.target)]),
        model_prefix=str(folder / "pieces"),
        vocab_size=200,
        num_threads=1,
        minloglevel=2,
    )
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "pieces.model"))
    pieces = [model.id_to_piece(index) for index in range(3, model.get_piece_size())]
    names = ["<s>", "<pad>", "</s>", "<unk>", *pieces]
    vocabulary = {piece: index for index, piece in enumerate(names)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    tokenizer = M2M100Tokenizer(
        str(folder / "vocab.json"),
        str(folder / "pieces.model"),
        additional_special_tokens=[f"__{code}__" for code in FAIRSEQ_LANGUAGE_CODES["m2m100"]],
        num_madeup_words=0,
    )
    return save(tokenizer, folder / "tiny-m2m")


@pytest.fixture(scope="module")
def tiny_nllb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NLLB's tokenizer with letters for pieces; its languages are FLORES codes."""
    from transformers import NllbTokenizer

    letters = "▁abcdefghijklmnopqrstuvwxyzHMNWE.,"
    names = ["<s>", "<pad>", "</s>", "<unk>", *letters]
    tokenizer = NllbTokenizer(vocab={name: index for index, name in enumerate(names)}, merges=[])
    return save(tokenizer, tmp_path_factory.mktemp("nllb") / "tiny-nllb")


def outputs(
    engine: str,
    model: Path,
    prompts: list[Prompt],
    new: int = 12,
    stop: tuple[str, ...] = ("\n",),
    **options: Any,
) -> dict[str, tuple[str, str]]:
    """Text and finish by number."""
    backend = opened(engine, model, new, stop, **options)
    plan = backend.plan([Request(str(n), p.text, p) for n, p in enumerate(prompts)])
    return {
        request.id: (completion.text, completion.finish)
        for batch, completions in zip(plan, backend.run(plan), strict=True)
        for request, completion in zip(batch.requests, completions, strict=True)
    }


def random_prompts(longest: int) -> list[Prompt]:
    rng = random.Random(5)
    lengths = [rng.randint(1, longest) for _ in range(30)]
    return [Prompt("".join(rng.choices("habcdeu io.", k=length))) for length in lengths]


@pytest.mark.parametrize("new", [1, 20])
def test_t5_answers_alike(new: int, tiny_encoder_decoder: Path) -> None:
    prompts = random_prompts(60)
    expected = outputs("transformers", tiny_encoder_decoder, prompts, new)
    assert len(set(expected.values())) > 3, "a model that says one thing would prove nothing"
    for size in (1, 7):
        found = outputs("ctranslate2", tiny_encoder_decoder, prompts, new, batch_size=size)
        assert found == expected


def test_an_answer_may_end_with_its_first_token(tiny_encoder_decoder: Path) -> None:
    """ctranslate2 lets no Translator stop there unless it is told to."""
    prompts = random_prompts(60)
    found = [outputs(e, tiny_encoder_decoder, prompts, stop=(" ", "#")) for e in ENGINES]
    assert found[0] == found[1]
    assert ("stop", 1) in {(finish, len(text)) for text, finish in found[0].values()}


def test_a_long_prompt_is_read_to_its_end(tiny_encoder_decoder: Path) -> None:
    """ctranslate2 cuts a Translator's input after 1,024 tokens unless it is told not to."""
    shots = [Pair(str(n), f"Neno {n} " * 20, f"Word {n} " * 20) for n in range(6)]
    prompts = [render(TEMPLATES["alexatm"], shots, source, SWAHILI) for source in SOURCES]
    assert all(len(prompt.text) > 1500 for prompt in prompts)
    found = [outputs(engine, tiny_encoder_decoder, prompts) for engine in ENGINES]
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", ["m2m", "nllb"])
@pytest.mark.parametrize("new", [1, 2, 12])
def test_translation_models_answer_alike(
    kind: str, new: int, tiny_m2m: Path, tiny_nllb: Path
) -> None:
    model = {"m2m": tiny_m2m, "nllb": tiny_nllb}[kind]
    answers = []
    for languages in (SWAHILI, TURNED):
        prompts = [render(TEMPLATES[kind], [], source, languages) for source in SOURCES]
        found = [outputs(engine, model, prompts, new, batch_size=2) for engine in ENGINES]
        assert found[0] == found[1]
        answers.append(found[0])
    if new == 12:
        assert answers[0] != answers[1], "the language asked for must change the answer"


@pytest.mark.parametrize("kind", ["m2m", "nllb"])
def test_a_translation_models_input(kind: str, tiny_m2m: Path, tiny_nllb: Path) -> None:
    """Source language, text, end: what the model's own tokenizer makes of a source."""
    from transformers import AutoTokenizer

    model, code = {"m2m": (tiny_m2m, "sw"), "nllb": (tiny_nllb, "swh_Latn")}[kind]
    theirs = AutoTokenizer.from_pretrained(model, src_lang=code)
    tokenizer = PromptTokenizer(resolve_model(str(model)))
    for source in SOURCES:
        ids = tokenizer.encode(render(TEMPLATES[kind], [], source, SWAHILI))
        assert ids == theirs(source).input_ids


@pytest.mark.parametrize("engine", ENGINES)
def test_a_language_that_the_model_does_not_know(engine: str, tiny_m2m: Path) -> None:
    for languages, code in (
        (SWAHILI._replace(source_code="arn"), "__arn__"),
        (SWAHILI._replace(target_code="tum"), "__tum__"),
    ):
        prompt = render(TEMPLATES["m2m"], [], "Habari", languages)
        with pytest.raises(InputError) as caught:
            outputs(engine, tiny_m2m, [prompt])
        assert str(caught.value) == (
            f'{tiny_m2m}: the vocabulary has no token "{code}"; '
            "choose a template or language that the model knows"
        )


def test_a_language_without_a_flores_code() -> None:
    message = r'template "nllb": Mapudungun has no code for \{source_flores\}'
    with pytest.raises(InputError, match=message):
        render(
            TEMPLATES["nllb"], [], "Mari mari", Languages("Mapudungun", "English", "", "eng_Latn")
        )


def test_language_codes_are_part_of_a_prompts_hash() -> None:
    prompts = [render(TEMPLATES["nllb"], [], "Habari", one) for one in (SWAHILI, TURNED)]
    plain = Prompt("Habari")
    assert len({prompt.sha256 for prompt in (*prompts, plain)}) == 3


def test_pieces_that_only_fill_a_matrix_up_say_nothing(tiny_m2m: Path) -> None:
    tokenizer = PromptTokenizer(resolve_model(str(tiny_m2m)))
    assert tokenizer.known_ids(["madeupword7", "__en__", "</s>"]) == [
        *tokenizer.ids_of(["__en__"]),
        2,
    ]


def test_more_positions_than_the_model_has(tiny_m2m: Path) -> None:
    prompt = render(TEMPLATES["m2m"], [], "Habari ya asubuhi. " * 60, SWAHILI)
    with pytest.raises(UnavailableError) as caught:
        outputs("ctranslate2", tiny_m2m, [prompt])
    message = str(caught.value)
    assert message.startswith("tiny-m2m: No position encodings are defined for positions >= 256")
    assert message.endswith(
        "finished segments are kept, go on with shorter prompts (--max-prompt-tokens) or a "
        "smaller --batch-size"
    )


def test_weights_that_do_not_fit_the_configuration(tiny_m2m: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_m2m, tmp_path / "model"))
    for name in ("added_tokens.json", "tokenizer_config.json"):
        (folder / name).unlink(missing_ok=True)
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "M2M100Tokenizer"}', "utf-8")
    prompt = Prompt("Habari")
    with pytest.raises(InputError, match=r"cannot be converted: .*; use --engine transformers"):
        outputs("ctranslate2", folder, [prompt])


def test_end_to_end_on_the_sample(tiny_nllb: Path, tmp_path: Path) -> None:
    config = RunConfig(
        "sw",
        direction="both",
        shots=0,
        test_set="sample",
        model=str(tiny_nllb),
        template="nllb",
        limit=4,
        max_new_tokens=8,
        offline=True,
        out=tmp_path,
    )
    signatures = [result.scores[0].signature for result in evaluate(config).results]
    assert "|engine:ctranslate2|" in signatures[0]
    assert "|template:nllb|" in signatures[0]
