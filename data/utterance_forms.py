"""Labelled utterances in the forms of MTOP, MultiATIS++ and Injongo, and which form a file has.

    for utterance in read_injongo(Path("amh/test.jsonl")):
        print(utterance.intent, data.labels.bio.spans(utterance.slots))

Each is a stream; intents and labels stay as the data set spells them.

Injongo and MTOP say where a slot stands by two numbers. Injongo calls them bytes and counts
characters, as its Ethiopic and Yoruba show; MTOP's publisher counted bytes elsewhere. Both repeat
the words of each slot, so what the numbers count is found out, utterance by utterance:

>>> unit_of("ለጠዋት 12 ሰአት ማንቂያ", [(1, 11)], ["ጠዋት 12 ሰአት"])
'characters'
>>> unit_of("el escándalo a 7", [(16, 17)], ["7"])
'bytes'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from data.bounded import check_shape, parse_json
from data.errors import InputError
from data.labels.slots import BAD_RECORD, Annotated, Utterance, annotate, mended, words
from data.lines import clean, counted, excerpt, fault_of, read_lines, reject
from data.tsv import read_tsv

CHARACTERS, BYTES = "characters", "bytes"
MULTIATIS_COLUMNS = ("id", "utterance", "slot_labels", "intent")
MTOP_COLUMNS = ("id", "intent", "slots", "utterance", "domain", "locale", "decoupled", "tokens")

_INJONGO = {
    "text": str,
    "intent": str,
    "spans?": [{"start_byte": int, "limit_byte": int, "label": str}],
    "target?": str,
    "example_id?": int | str,
}
_MTOP_TOKENS = {"tokens": [str]}


def read_injongo(
    path: Path,
    *,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Utterance]:
    """Yield the utterances of a file of Injongo (Yu et al. 2025), JSON lines.

    Its ids count within an intent, so the id is `intent/example_id`. Tokens are the words between
    spaces; a slot without its prefix (`ለ` in Amharic) takes the word with it.

    Raises:
        InputError: a line that is no such JSON object; numbers that fit neither characters nor
            bytes; slots that share a word.
    """
    with counted(dropped, path, "dropped") as tally, counted(repairs, path, "repaired") as fixed:
        for number, line in read_lines(path, repairs=fixed, skip_bad=skip_bad, dropped=tally):
            where = f"{path}:{number}"
            if not line.strip():
                continue
            try:
                record = parse_json(line, where, dict)
                check_shape(record, _INJONGO, where)
                yield _of_injongo(record, number, fixed)
            except InputError as error:
                problem = (BAD_RECORD, fault_of(error, where))
                reject(problem, where, skip_bad=skip_bad, dropped=tally)


def read_mtop(
    path: Path,
    *,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Utterance]:
    """Yield the utterances of a file of MTOP (Li et al. 2021), eight columns and no header.

    Slots are the outermost ones; what is nested in them stays in the publisher's file. Tokens are
    the publisher's where they can be found in the utterance, else the words between spaces.

    Raises:
        InputError: a line with other columns; numbers that fit neither characters nor bytes.
    """
    rows = read_tsv(
        path,
        MTOP_COLUMNS,
        header=False,
        empty=("slots",),
        skip_bad=skip_bad,
        dropped=dropped,
        repairs=repairs,
    )
    with counted(dropped, path, "dropped") as tally:
        for row in rows:
            where = f"{path}:{row.line}"
            try:
                yield _of_mtop(dict(zip(MTOP_COLUMNS, row.cells, strict=True)), where)
            except InputError as error:
                problem = (BAD_RECORD, fault_of(error, where))
                reject(problem, where, skip_bad=skip_bad, dropped=tally)


def read_multiatis(
    path: Path,
    *,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Utterance]:
    """Yield the utterances of a file of MultiATIS++ (Xu et al. 2020), a table with a header.

    Tokens and BIO tags stand with spaces between them. The publisher sends the files to whoever
    asks, so no catalog can fetch them.

    Raises:
        InputError: a line with other columns, or another number of tags than tokens.
    """
    rows = read_tsv(
        path,
        MULTIATIS_COLUMNS,
        header=True,
        skip_bad=skip_bad,
        dropped=dropped,
        repairs=repairs,
    )
    with counted(dropped, path, "dropped") as tally, counted(repairs, path, "repaired") as fixed:
        for row in rows:
            id_, text, labels, intent = row.cells
            tokens, tags = tuple(text.split()), labels.split()
            try:
                if len(tokens) != len(tags):
                    raise InputError(
                        f"expected a tag for each of {len(tokens)} tokens, found {len(tags)}"
                    )
                yield Utterance(id_, tokens, intent.strip(), mended(tags, fixed), text)
            except InputError as error:
                where = f"{path}:{row.line}"
                reject((BAD_RECORD, str(error)), where, skip_bad=skip_bad, dropped=tally)


def unit_of(text: str, places: Sequence[tuple[int, int]], said: Sequence[str | None]) -> str | None:
    """What the places of slots count: "characters" where both fit, "bytes", or None where neither.

    Args:
        places: start and end of each slot, half-open.
        said: the words of each, spaces aside, where the file repeats them.
    """
    for unit in (CHARACTERS, BYTES):
        found = [sliced(text, start, end, unit) for start, end in places]
        if all(
            one is not None and (words is None or _squeezed(one) == _squeezed(words))
            for one, words in zip(found, said, strict=True)
        ):
            return unit
    return None


def sliced(text: str, start: int, end: int, unit: str) -> str | None:
    """The text between two places; None where they are outside it or cut a character.

    >>> sliced("Ẹ kú", 0, 3, "bytes"), sliced("Ẹ kú", 0, 2, "bytes")
    ('Ẹ', None)
    """
    if not 0 <= start < end:
        return None
    if unit == CHARACTERS:
        return text[start:end] if end <= len(text) else None
    raw = text.encode()
    try:
        return (
            raw[start:end].decode()
            if end <= len(raw) and raw[:start].decode() is not None
            else None
        )
    except UnicodeDecodeError:
        return None


def in_characters(text: str, place: int, unit: str) -> int:
    """A place as a number of characters."""
    return place if unit == CHARACTERS else len(text.encode()[:place].decode())


def _of_injongo(record: dict[str, Any], number: int, repairs: Counter[str]) -> Utterance:
    raw, spans = record["text"], record.get("spans") or []
    places = [(one["start_byte"], one["limit_byte"]) for one in spans]
    said = _said(record.get("target") or "", [one["label"] for one in spans])
    unit = unit_of(raw, places, said)
    if unit is None:
        raise InputError(
            f"expected spans in characters or bytes that cut the target's words out of"
            f" {excerpt(raw)}, found {places}"
        )
    labelled = [
        (in_characters(raw, start, unit), in_characters(raw, end, unit), one["label"])
        for (start, end), one in zip(places, spans, strict=True)
    ]
    found = annotate(raw, labelled, words(raw))
    if not found.tokens or not record["intent"].strip():
        raise InputError("expected words and an intent, found none")
    text = clean(raw, '"text"', repairs=repairs)
    tokens = tuple(clean(token, '"text"', repairs=Counter()) for token in found.tokens)
    id_ = f"{record['intent']}/{record.get('example_id', number)}"
    return Utterance(id_, tokens, record["intent"], found.slots, text)


def _said(target: str, labels: Sequence[str]) -> list[str | None]:
    """The words of each slot out of `TIME: ጠዋት 12 ሰአት $$ DATE: ነገ`; None where they do not line up.

    >>> _said("TIME: saa 12 $$ DATE: kesho", ["TIME", "DATE"])
    ['saa 12', 'kesho']
    """
    parts = [part.strip().partition(":") for part in target.split("$$") if part.strip()]
    if [label.strip() for label, _, _ in parts] != list(labels):
        return [None] * len(labels)
    return [text.strip() for _, _, text in parts]


def _of_mtop(cells: dict[str, str], where: str) -> Utterance:
    text, slots = cells["utterance"], _mtop_slots(cells["slots"])
    said = _outermost(cells["decoupled"])
    in_order = sorted(slots)
    if [label for _, _, label in in_order] != [label for label, _ in said]:
        words_of: list[str | None] = [None] * len(slots)
    else:
        words_of = [one for _, one in said]
    unit = unit_of(text, [(start, end) for start, end, _ in in_order], words_of)
    if unit is None:
        raise InputError(
            "expected slots in characters or bytes that cut their words out of"
            f" {excerpt(text)}, found {excerpt(cells['slots'])}"
        )
    labelled = [
        (in_characters(text, start, unit), in_characters(text, end, unit), label)
        for start, end, label in in_order
    ]
    found = _annotated(text, labelled, parse_json(cells["tokens"], where, _MTOP_TOKENS)["tokens"])
    return Utterance(cells["id"], found.tokens, cells["intent"], found.slots, text)


def _mtop_slots(cell: str) -> list[tuple[int, int, str]]:
    """Start, end and label out of `5:8:SL:CONTACT,12:20:SL:DATE_TIME`."""
    found = []
    for part in filter(None, (one.strip() for one in cell.split(","))):
        start, _, rest = part.partition(":")
        end, _, label = rest.partition(":")
        numbers = (start, end)
        if not label or not all(
            one.isascii() and one.isdecimal() and len(one) < 10 for one in numbers
        ):
            raise InputError(f"expected slots like 5:8:SL:CONTACT, found {excerpt(part)}")
        found.append((int(start), int(end), label))
    return found


def _outermost(decoupled: str) -> list[tuple[str, str]]:
    """Label and words of the outermost slots of `[IN:CALL [SL:CONTACT mama Amina ] ]`, in order.

    >>> _outermost("[IN:REMIND [SL:TODO [IN:GET_TODO [SL:TODO piga simu ] ] ] [SL:DATE kesho ] ]")
    [('SL:TODO', 'piga simu'), ('SL:DATE', 'kesho')]
    """
    found: list[tuple[str, list[str]]] = []
    depth = 0
    for part in decoupled.split():
        if part.startswith(("[IN:", "[SL:")):
            depth += 1
            if depth == 2:
                found.append((part[1:], []))
        elif part == "]":
            depth -= 1
        elif depth >= 2 and found:
            found[-1][1].append(part)
    return [(label, " ".join(said)) for label, said in found]


def _annotated(
    text: str, labelled: Sequence[tuple[int, int, str]], tokens: Sequence[str]
) -> Annotated:
    """With the publisher's tokens if they stand in the text one after another, else with words."""
    places, at = [], 0
    for token in tokens:
        at = text.find(token, at) if token else -1
        if at < 0:
            return annotate(text, labelled, words(text))
        places.append((at, at + len(token)))
        at += len(token)
    return annotate(text, labelled, places or words(text))


def _squeezed(text: str) -> str:
    return "".join(text.split())
