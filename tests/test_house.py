"""The house keeps its shape: imports go down only, rooms stay light, the map is true."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import structure

ROOT = Path(__file__).parent.parent
MOST_OFFLINE = 0  # functions with such a parameter: one Access travels instead
MOST_REPORT = 2
MOST_MODULES = 672  # localize has a file for each form of documents
CIRCLES: list[list[str]] = []
MAY_IMPORT = {
    "kilolingua": {
        "kilolingua",
        "app",
        "localize",
        "lexaug",
        "morph",
        "icl",
        "nlu",
        "probe",
        "training",
        "trust",
        "models",
        "runfolder",
        "metrics",
        "data",
    },
    "nlu": {"nlu", "probe", "lexaug", "training", "models", "runfolder", "metrics", "data"},
    "trust": {
        "trust",
        "nlu",
        "morph",
        "probe",
        "training",
        "models",
        "runfolder",
        "metrics",
        "data",
    },
    "data": {"data"},
    "metrics": {"metrics"},
    "probe": {"probe", "training", "models", "runfolder", "metrics", "data"},
    "runfolder": {"runfolder", "data"},
    "models": {"models", "runfolder", "data"},
    "training": {"training", "models", "runfolder", "metrics", "data"},
    "morph": {"morph", "training", "models", "runfolder", "metrics", "data"},
    "lexaug": {"lexaug", "morph", "models", "runfolder", "data"},  # of morph, morph.inflect only
    "icl": {"icl", "models", "runfolder", "metrics", "data"},
    "localize": {"localize", "icl", "models", "runfolder", "metrics", "data"},
    "app": {
        "app",
        "trust",
        "lexaug",
        "nlu",
        "morph",
        "icl",
        "localize",
        "training",
        "models",
        "runfolder",
        "metrics",
        "data",
    },
}
OURS = {*MAY_IMPORT, "bench"}
MODULES = sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))
HEAVY = {"torch", "transformers", "ctranslate2"}


def imported(path: Path) -> Iterator[str]:
    """The first part of each module that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    assert set(imported(path)) & OURS <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_and_files_stay_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= 600
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 60, f"{node.name} has {length} lines"


OPENERS = re.compile(
    r"(from_pretrained|from_config|_from_config|from_file|hf_hub_download|snapshot_download"
    r"|Auto(Config|Tokenizer|Processor|Model\w*|FeatureExtractor|ImageProcessor|PeftModel\w*)"
    r"|GenerationConfig|\w*Converter|PeftModel\w*|get_peft_model|SentencePieceProcessor"
    r"|SentenceTransformer|CrossEncoder|load_dataset|trust_remote_code|get_class_from_dynamic_module"
    r"|torch\.(load|hub|jit|package)|(pickle|joblib|dill|cloudpickle|marshal)\.loads?"
    r"|(transformers|ctranslate2)\.\w*pipeline|getattr\(transformers\))"
)
ELSEWHERE = {
    # A file of numbers that the catalog's checksum pins; metrics may import nothing of ours.
    "metrics/sacrebleu_metrics.py": {"SentencePieceProcessor"},
    # The side that is measured: heads of random weights; no file is opened.
    "bench/nlu_speed.py": {
        "AutoModelForSequenceClassification",
        "AutoModelForTokenClassification",
        "from_config",
        "transformers.pipeline",
    },
}
OURS_TO_OPEN = [*MODULES, *sorted((ROOT / "bench").glob("*.py")), *(ROOT / "recipes").glob("*.py")]


def openers(tree: ast.AST) -> Iterator[str]:
    """What in a module's code would open a model's files: names, attributes, arguments, imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names = [node.attr]
            if isinstance(node.value, ast.Name):
                names.append(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Name):
            names = [node.id]
        elif isinstance(node, ast.keyword) and node.arg:
            names = [node.arg]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            first = node.args[0] if node.args else None
            named = first.id if isinstance(first, ast.Name) else ""
            names = [f"{node.func.id}({named})"]
        else:
            continue
        yield from (name for name in names if OPENERS.fullmatch(name))


@pytest.mark.parametrize("path", OURS_TO_OPEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_models_opens_configurations_tokenizers_and_weights(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if not name.startswith("models/"):
        found = set(openers(ast.parse(path.read_text("utf-8"))))
        assert found <= ELSEWHERE.get(name, set())


@pytest.mark.parametrize("path", sorted((ROOT / "models").glob("*.py")), ids=lambda path: path.name)
def test_no_code_of_a_models_own_is_trusted(path: Path) -> None:
    """Each call of `from_pretrained` says so; nothing says otherwise."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
            assert isinstance(node.value, ast.Constant), path
            assert node.value.value is False
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "trust_remote_code":
                    assert isinstance(value, ast.Constant), path
                    assert value.value is False


@pytest.mark.parametrize(
    "line",
    [
        "transformers.AutoModel.from_pretrained(folder)",
        "from transformers import AutoProcessor",
        "getattr(transformers, kind)",
        "TransformersConverter(folder)",
        "torch.load(path)",
        "pickle.load(file)",
        "open_it(folder, trust_remote_code=True)",
        "from huggingface_hub import hf_hub_download as get",
        "Tokenizer.from_file(path)",
        "sentencepiece.SentencePieceProcessor(path)",
        "from peft import PeftModel",
    ],
)
def test_another_opener_would_be_seen(line: str) -> None:
    assert list(openers(ast.parse(line)))


def test_ground_rooms_need_no_torch() -> None:
    rooms = "import data, metrics, data.catalog, data.load, metrics.translation, icl.evaluate, sys"
    code = f"{rooms}; print(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_tree_in_the_architecture_is_true() -> None:
    [told] = structure.TREE.findall(structure.PAGE.read_text("utf-8"))
    assert told == structure.tree(), "run python -m tests.structure --write"


def test_the_files_to_change_are_there() -> None:
    table = structure.PAGE.read_text("utf-8").partition("## Where to change what")[2]
    named = re.findall(r"`([a-z_]+/[\w/.]+\.\w+)`", table)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_no_file_imports_in_a_circle() -> None:
    assert structure.circles() == CIRCLES


def test_access_travels_instead_of_its_parts() -> None:
    assert len(structure.with_parameter("offline")) <= MOST_OFFLINE
    assert len(structure.with_parameter("report")) <= MOST_REPORT


def test_a_room_is_no_maze() -> None:
    assert len(structure.modules()) <= MOST_MODULES


COMMANDS = sorted(
    set(
        re.findall(
            r"python -m ((?:data|training|morph|lexaug|icl|localize)\.\w+)",
            "\n".join(
                path.read_text("utf-8") for path in (ROOT / "README.md", *ROOT.glob("docs/*.md"))
            ),
        )
    )
)


@pytest.mark.parametrize("module", COMMANDS)
def test_a_command_that_the_documents_name_answers(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stdout.startswith("usage:")) == (0, True), done.stderr
