"""Readers of labelled text: tokens with tags, CoNLL-U, spans, utterances of assistants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.fuzz.target import Target, drain

TAGGED = (
    "Amina B-PER\nKimani I-PER\nanaishi O\nNyeri B-LOC\n. O\n\nMvua O\nkubwa O\n",
    "Paka\tNOUN\namelala\tVERB\n.\tPUNCT\n\nMvua\tNOUN\n\n\n",
)
CONLL_2003 = (
    "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\nGerman JJ B-NP B-MISC\n. . O O\n",
)
CONLLU = (
    "# sent_id = a\n# text = Paka wangu amelala.\n1\tPaka\tpaka\tNOUN\t_\t_\t3\tnsubj\t_\t_\n"
    "2-3\twangu\t_\t_\t_\t_\t_\t_\t_\t_\n2\twa\twa\tADP\t_\tA=B|C=D\t1\tcase\t_\t_\n"
    "3\tamelala\tlala\tVERB\t_\t_\t0\troot\t_\tSpaceAfter=No\n3.1\t_\t_\t_\t_\t_\t_\t_\t_\t_\n\n",
)
XSID = (
    "# id = 7\n# text = Wake me at five\n# intent = alarm/set\n# dialect = x\n1\tWake\talarm/set\tO\n"
    "2\tme\talarm/set\tO\n3\tat\talarm/set\tB-datetime\n4\tfive\talarm/set\tI-datetime\n\n"
    "# text: Rain\n# intent: weather/find\n1\tRain\tweather/find\tO\n",
)
MASSIVE = (
    '{"id": "0", "locale": "sw-KE", "partition": "train", "scenario": "alarm", "intent": "alarm_set", "utt": "niamshe saa tano",'
    ' "annot_utt": "niamshe [time : saa tano]", "worker_id": "1"}\n',
    '{"id": "1", "locale": "zh-CN", "partition": "test", "intent": '
    '"alarm_set", "utt": "五点叫醒我", "annot_utt": "[time : 五点]叫醒我"}\n',
)
SLURP = (
    '{"slurp_id": 1, "sentence": "wake me at five", "intent": "alarm_set", "action": "set", "scenario": "alarm", "tokens": '
    '[{"surface": "wake", "id": 0}, {"surface": "me", "id": 1}, {"surface": "at", "id": 2}, {"surface": "five", "id": 3}],'
    ' "entities": [{"span": [2, 3], "type": "time"}]}\n',
)
LABELLED = ("O O B-datetime I-datetime\talarm/set\nO\tweather/find\n",)


def targets() -> Iterator[Target]:
    """One row a reader, strict and skipping."""
    from data.labels import bio, slots
    from data.tagged import read_conll, read_conllu, read_tagged, with_valid_bio
    from data.utterances import read_massive, read_slurp, read_text_and_labels, read_xsid

    def spans(path: Path) -> None:
        for sentence in with_valid_bio(read_tagged(path), Counter()):
            bio.spans(sentence.tags)
            bio.problem(sentence.tags)
            bio.repaired(sentence.tags)

    def conll(path: Path, **options: Any) -> Iterator[object]:
        return read_conll(
            path,
            ("token", "pos", "chunk", "ner"),
            token="token",
            tag="ner",
            separator=None,
            **options,
        )

    def texts(path: Path, **options: Any) -> Iterator[object]:
        return read_text_and_labels(path.with_name("text"), path, **options)

    def annotated(path: Path) -> None:
        text = path.read_bytes().decode("utf-8", "replace")
        slots.parse(text)
        slots.parse(text, by_character=True)

    yield from _both("labels/tagged", "blocks", TAGGED, read_tagged)
    yield from _both("labels/conll", "blocks", CONLL_2003, conll)
    yield from _both("labels/conllu", "blocks", CONLLU, read_conllu)
    yield from _both("labels/xsid", "blocks", XSID, read_xsid)
    yield from _both("labels/massive", "jsonl", MASSIVE, read_massive)
    yield from _both("labels/slurp", "jsonl", SLURP, read_slurp)
    yield from _both("labels/labels", "tsv", LABELLED, texts, {"text": b"wake me at five\nRain\n"})
    yield Target("labels/bio", "blocks", TAGGED[:1], spans)
    yield Target(
        "labels/slots", "text", ("niamshe [time : saa tano] tafadhali", "[a : b] [c:d]"), annotated
    )


def _both(
    name: str,
    kind: str,
    seeds: tuple[str, ...],
    read: Callable[..., Iterator[object]],
    beside: dict[str, bytes] | None = None,
) -> Iterator[Target]:
    yield Target(name, kind, seeds, lambda path: drain(read(path)), beside=beside or {})
    yield Target(
        f"{name}-skipped",
        kind,
        seeds,
        lambda path: drain(read(path, skip_bad=True)),
        beside=beside or {},
        weight=0.5,
    )
