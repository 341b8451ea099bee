"""Folders that commands of the project wrote, made once a session, to be damaged and read back.

What a run folder holds changes with the project, so it is not copied here but made anew.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

from filelock import FileLock

Build = Callable[[Path], None]

LEXICON = "big\tkubwa\nbig\tkuu\ndog\tmbwa\nhouse\tnyumba\nlook after\ttunza\n"
ENGLISH = "The big dog looks after the house.\nA dog sleeps.\nBig big big dogs.\n" * 4
TAGS = "The DET\nbig ADJ\ndog NOUN\nsleeps VERB\n\nA DET\nhouse NOUN\n\n" * 4
VERBS = [f"{lemma}\t{bundle}\t{prefix}{lemma}\n" for lemma in ("soma", "pika", "lala", "cheza", "ruka", "lima")
         for bundle, prefix in (("V;PST;3;SG", "ali"), ("V;NFIN", "ku"), ("V;FUT;3;SG", "ata"))]  # fmt: skip


def made(name: str) -> Path:
    """The folder of this name; whoever asks first makes it, and others wait."""
    folder = Path(os.environ.get("KILOLINGUA_FUZZ") or tempfile.mkdtemp()) / "made" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            scratch = folder.with_name(f"{name}.part")
            shutil.rmtree(scratch, ignore_errors=True)
            # Folders name each other by their paths, so it is made where it will stay.
            folder.mkdir()
            try:
                with (
                    contextlib.redirect_stdout(io.StringIO()),
                    contextlib.redirect_stderr(io.StringIO()),
                ):
                    BUILDS[name](folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    return folder


def content(name: str, file: str) -> Callable[[], list[bytes]]:
    """A valid input out of a made folder, read when it is asked for."""
    return lambda: [(made(name) / file).read_bytes()]


def unfinished(name: str) -> Callable[[Path], None]:
    """Put a copy of a training run there whose end was lost: it goes on from its checkpoint."""

    def copy(folder: Path) -> None:
        shutil.copytree(made(name) / "run", folder, dirs_exist_ok=True)
        shutil.rmtree(folder / "model")
        (folder / "scores.json").unlink()

    return copy


def copied(name: str) -> Callable[[Path], None]:
    """Put a copy of a made run into the folder of a case."""

    def copy(folder: Path) -> None:
        shutil.copytree(made(name) / "run", folder, dirs_exist_ok=True)

    return copy


@contextlib.contextmanager
def copying_model() -> Iterator[None]:
    """`icl.eval` with the copy baseline in the place of its model: no server, no weights."""
    from icl.engines.baselines import copy_baseline

    with patch("icl.evaluate.open_backend", lambda *_: copy_baseline()):
        yield


def _icl(folder: Path) -> None:
    """A run of both directions, three sentences each."""
    from icl.evaluate import evaluate
    from icl.options import RunConfig

    with copying_model():
        evaluate(
            RunConfig(
                "sw",
                direction="both",
                test_set="sample",
                model="copy",
                limit=3,
                metrics=("BLEU", "chrF++", "TER"),
                offline=True,
                out=folder / "run",
            )
        )


def _synthesis(mode: str, text: str) -> Build:
    def build(folder: Path) -> None:
        from lexaug.synthesize import synthesize

        (folder / "text").write_text(text, "utf-8")
        (folder / "lexicon.tsv").write_text(LEXICON, "utf-8")
        synthesize(synthesis_config(folder, mode, folder / "run"))

    return build


def synthesis_config(made_folder: Path, mode: str, out: Path):
    """The same run into another folder."""
    from lexaug.config import SynthesisConfig

    return SynthesisConfig("sw", str(made_folder / "text"), mode=mode, lexicon=str(made_folder / "lexicon.tsv"),
                           inflect=False, keep_at_least=1, out=out, offline=True, block_bytes=60)  # fmt: skip


def _inflection(folder: Path) -> None:
    """Triples, rules that were learned from them, and a transducer of three updates."""
    from morph.recipe import Recipe, TrainingConfig
    from morph.rules import Rules
    from morph.run import train_model

    (folder / "train.tsv").write_text("".join(VERBS), "utf-8")
    (folder / "dev.tsv").write_text("".join(VERBS[:6]), "utf-8")
    from data.unimorph import read_triples

    Rules.learn(read_triples(folder / "train.tsv")).save(folder / "rules.json")
    recipe = Recipe(
        steps=3, seconds=None, width=16, heads=2, inner=16, batch=8, dropout=0.0, hallucinated=0
    )
    config = TrainingConfig(("sw",), recipe, train=folder / "train.tsv", dev=folder / "dev.tsv")
    train_model(config, folder / "run")


def _pretraining(folder: Path) -> None:
    from tests.training.texts import write_corpus
    from training.pretrain import pretrain

    write_corpus(folder / "text.txt", 200)
    pretrain(pretraining_config(folder, folder / "run"))


def pretraining_config(made_folder: Path, out: Path):
    """The same run into another folder."""
    from tests.training.texts import options
    from training.pretraining.config import PretrainConfig

    return PretrainConfig(**options(made_folder / "text.txt", out, steps=2))


def _tagging(folder: Path) -> None:
    from tests.training.tagged_texts import tokenizer_folder
    from training.tag import tag

    tokenizer_folder(folder / "pieces")
    tag(tagging_config(folder, folder / "run"))


def tagging_config(made_folder: Path, out: Path):
    """The same run into another folder."""
    from tests.training.tagged_texts import options
    from training.tagging.config import TagConfig

    return TagConfig(**options(made_folder, made_folder / "pieces", steps=2, out=out))


def _fairseq(folder: Path) -> None:
    from training.fairseq.__main__ import main

    text = [str(folder / name) for name in ("train.txt", "valid.txt")]
    for path in text:
        Path(path).write_text("paka amelala\nmvua kubwa\n" * 3, "utf-8")
    code = main(
        [
            "prepare",
            "--objective",
            "mlm",
            "--train",
            text[0],
            "--valid",
            text[1],
            "--out",
            str(folder / "run"),
        ]
    )
    assert code == 0, code


def _decoder(folder: Path) -> None:
    """A Llama of two layers with random weights and a tokenizer of single bytes."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from tests.icl.conftest import byte_tokenizer

    torch.manual_seed(3)
    config = LlamaConfig(vocab_size=258, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
                         num_key_value_heads=1, max_position_embeddings=512, bos_token_id=256, eos_token_id=257)  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder / "run")
    byte_tokenizer().save_pretrained(folder / "run")


def _gguf(folder: Path) -> None:
    from tests.icl.test_gguf import write_gguf

    write_gguf(made("decoder") / "run", folder / "model.gguf")


BUILDS: dict[str, Build] = {
    "icl": _icl,
    "synthesis": _synthesis("mono", ENGLISH),
    "synthesis-tags": _synthesis("tags", TAGS),
    "inflection": _inflection,
    "pretraining": _pretraining,
    "tagging": _tagging,
    "fairseq": _fairseq,
    "decoder": _decoder,
    "gguf": _gguf,
}
