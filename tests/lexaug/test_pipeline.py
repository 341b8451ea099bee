"""Eight tasks of datatrove's executors write the bytes of one process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from lexaug.config import SynthesisConfig
from lexaug.synthesize import synthesize

pytest.importorskip("datatrove")
ROOT = Path(__file__).parents[2]
LEXICON = "big\tkubwa\nbig\tkuu\ndog\tmbwa\ndog\tjibwa\nhouse\tnyumba\nthe\tile\nthe\thiyo\n"
TEXT = "".join(
    f"The big dog {'sleeps ' * (i % 7)}in the house no. {i}, and a goat\u2019s kid.\n"
    for i in range(900)
)
TAGS = "".join(f"The DET\nbig ADJ\ndog NOUN\nhouse{i} NOUN\n\n" for i in range(300))
CASES: dict[str, dict[str, Any]] = {
    "text": {"provenance": True, "dropped": "gone.tsv", "keep_at_least": 4, "limit": 700},
    "gz": {"mode": "parallel", "compress": "gz", "ratio": 0.5},
    "parquet": {"mode": "switch", "format": "parquet", "block_bytes": 75},
    "few": {"block_bytes": 1000},  # fewer commits than tasks
    "tags": {"mode": "tags", "block_bytes": 12},
}


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., SynthesisConfig]:
    (tmp_path / "lexicon.tsv").write_text(LEXICON, "utf-8")
    (tmp_path / "news.en").write_text(TEXT, "utf-8")
    (tmp_path / "tags.txt").write_text(TAGS, "utf-8")

    def make(case: str, name: str) -> SynthesisConfig:
        options: dict[str, Any] = {"block_bytes": 125} | CASES[case]
        text = "tags.txt" if options.get("mode") == "tags" else "news.en"
        if "dropped" in options:
            options["dropped"] = tmp_path / f"{name}.gone.tsv"
        return SynthesisConfig(
            "sw", str(tmp_path / text), lexicon=str(tmp_path / "lexicon.tsv"), inflect=False,
            out=tmp_path / name, **options,
        )  # fmt: skip

    return make


def content(config: SynthesisConfig) -> dict[str, bytes]:
    assert config.out is not None
    files = {
        str(path.relative_to(config.out)): path.read_bytes()
        for path in sorted(config.out.rglob("*"))
        if path.is_file() and path.name not in (".lock", "config.json")
    }
    return files | ({"dropped": config.dropped.read_bytes()} if config.dropped else {})


@pytest.mark.parametrize("case", CASES)
def test_local_tasks_write_the_bytes_of_one_process(
    case: str, tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    from datatrove.executor import LocalPipelineExecutor

    from lexaug.pipeline import chain

    one, eight = config(case, "one"), config(case, "eight")
    synthesize(one)
    chain(LocalPipelineExecutor, eight, 8, str(tmp_path / "logs"), workers=1).run()
    assert len(content(one)) >= 5
    assert content(eight) == content(one)
    assert not (tmp_path / "eight" / ".parts").exists()


def test_a_part_that_was_killed_is_made_again_and_not_joined_before(
    tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    from lexaug.pipeline import FindParts, JoinParts, SynthesizePart

    one, parts = config("text", "one"), config("text", "parts")
    synthesize(one)
    FindParts(parts, 3).run()
    for rank in (2, 0):
        SynthesizePart(parts).run(None, rank, 3)
    with pytest.raises(InputError, match=r"00001: this part is not done; run the chain again"):
        JoinParts(parts).run()
    with pytest.raises(InputError, match="planned for 3 tasks, found 4"):
        SynthesizePart(parts).run(None, 1, 4)
    SynthesizePart(parts).run(None, 1, 3)
    SynthesizePart(parts).run(None, 0, 3)
    JoinParts(parts).run()
    assert content(parts) == content(one)


def test_a_chain_of_one_task_needs_no_rank(
    tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    from lexaug.pipeline import FindParts, JoinParts, SynthesizePart

    one, alone = config("text", "one"), config("text", "alone")
    synthesize(one)
    for step in (FindParts(alone, 1), SynthesizePart(alone), JoinParts(alone)):
        step.run()
    assert content(alone) == content(one)


def test_what_cannot_be_cut_is_refused(tmp_path: Path) -> None:
    from lexaug.pipeline import FindParts

    with pytest.raises(InputError, match="needs a text in files and a folder"):
        FindParts(SynthesisConfig("sw", "-", out=tmp_path), 2)


def test_documents_of_a_pipeline_hang_on_their_ids_alone(
    tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    from datatrove.data import Document

    from lexaug.pipeline import Substitution

    def documents() -> list[Any]:
        return [Document(text=line, id=f"news/{i}") for i, line in enumerate(TEXT.splitlines())]

    step = Substitution(replace(config("gz", "one"), keep_at_least=3))
    whole = {document.id: document.text for document in step.run(documents())}
    shards = [documents()[rank::8] for rank in range(8)]
    parts = {d.id: d.text for rank, shard in enumerate(shards) for d in step.run(shard, rank, 8)}
    assert parts == whole
    assert 0 < len(whole) < 900
    assert step.stats["kept"].total == 2 * len(whole)
    assert step.stats[f"dropped: {step.config.rule}"].total == 2 * (900 - len(whole))
    one = next(step.run(documents()))
    assert one.metadata["replaced_words"] >= 3
    assert one.metadata["words"] > one.metadata["replaced_words"]


@pytest.mark.slow
@pytest.mark.parametrize("case", ["text", "parquet"])
def test_ray_tasks_write_the_bytes_of_one_process(
    case: str, tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    ray = pytest.importorskip("ray")
    from datatrove.executor import RayPipelineExecutor

    from lexaug.pipeline import chain

    one, eight = config(case, "one"), config(case, "eight")
    synthesize(one)
    names = ("KILOLINGUA_CACHE", "KILOLINGUA_MIRROR")
    variables = {name: os.environ[name] for name in names if name in os.environ}
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        runtime_env={"env_vars": {**variables, "PYTHONPATH": str(ROOT)}},
    )
    try:
        chain(
            RayPipelineExecutor, eight, 8, str(tmp_path / "logs"), workers=2, mem_per_cpu_gb=0.5
        ).run()
    finally:
        ray.shutdown()
    assert content(eight) == content(one)


def test_a_plan_that_is_damaged_is_named(
    tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    from lexaug.pipeline import FindParts, SynthesizePart

    parts = config("text", "parts")
    FindParts(parts, 3).run()
    [path] = (tmp_path / "parts" / ".parts").glob("*.json")
    plan = json.loads(path.read_text("utf-8"))
    plan["starts"][1] = plan["starts"][1][:-1]
    path.write_text(json.dumps(plan), "utf-8")
    with pytest.raises(InputError, match=r"json: expected \d numbers a start; delete it"):
        SynthesizePart(parts).run(None, 1, 3)
