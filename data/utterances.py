"""What people say to an assistant: the intent of an utterance, and slots as BIO tags.

    corpus = load_utterances("xsid", resolve("da"), "dev")          # from the catalog
    corpus = load_utterances("xsid", "de-muc", "test")              # by the data set's own code
    for utterance in read_xsid(Path("da.valid.conll")):
        print(utterance.intent, data.labels.bio.spans(utterance.slots))

Read are xSID's CoNLL and the two files of its English train part, and the JSON lines of MASSIVE
and SLURP, each as a stream; other forms stand in `data.utterance_forms`. Intents and labels stay
as the data set spells them. Slots that break the BIO scheme are mended and counted in `repairs`.

SLURP, and MASSIVE, its translation into 51 languages, are JSON lines:

    for utterance in read_massive(Path("sw-KE.jsonl"), "train"):
        print(utterance.intent, data.labels.bio.spans(utterance.slots))
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import check_shape, parse_json
from data.catalog import Dataset, dataset
from data.errors import InputError
from data.labels.bio import OUTSIDE, Span, tags_of
from data.labels.conll import Block, read_blocks
from data.labels.slots import BAD_RECORD, Utterance, mended, parse, words
from data.languages import Language
from data.lines import clean, counted, excerpt, fault_of, read_lines, reject, unpacked_suffix
from data.load import fetch_split
from data.utterance_forms import MULTIATIS_COLUMNS, read_injongo, read_mtop, read_multiatis

PARTITIONS = ("train", "dev", "test")
HELD_OUT = "MMNLU-22"  # the partition of the shared task, published without intents and slots
SPLIT_BY_CHARACTER = ("ja-JP", "zh-CN", "zh-TW")  # as in MASSIVE's own scripts

_SLURP = {
    "tokens": [{"surface": str}],
    "entities": [{"span": [int], "type": str}],
    "slurp_id": int | str,
}

Record = Mapping[str, Any]

# Reasons under which repairs are counted, beside those of `data.tsv` and `data.labels.bio`.
BLANK = "empty token, removed"
LABELLED_O = "O with a label, made O"
OTHER_INTENT = "token with another intent than its utterance, whose intent stands"

COLUMNS = ("number", "token", "intent", "slot")  # of xSID


def read_massive(
    path: Path,
    split: str | None = None,
    *,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Utterance]:
    """Yield the utterances of one locale of MASSIVE (FitzGerald et al. 2023).

    Tokens and slots come from `annot_utt`, whose words must be those of `utt`; Chinese and
    Japanese are split into characters, as MASSIVE's scripts do.

    Args:
        split: `train`, `dev`, `test` or `MMNLU-22`, the value of `partition`; all by default. The
            utterances of MMNLU-22 have no labels: their intent is empty, their slots are O.

    Raises:
        InputError: a line that is no such JSON object; an annotation that does not parse; another
            locale than in the lines before; an id that was in this partition already.
    """
    if split is not None and split not in (*PARTITIONS, HELD_OUT):
        raise InputError(f'{path}: MASSIVE has no split "{split}"; it has: {", ".join(PARTITIONS)}')
    for record, utterance in _read(path, _of_one_locale(), skip_bad, dropped, repairs):
        if split in (None, record["partition"]):
            yield utterance


def read_slurp(
    path: Path,
    *,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Utterance]:
    """Yield the utterances of a file of SLURP (Bastianelli et al. 2020).

    The intent is `scenario_action`, as in SLURP's own evaluation and in MASSIVE: the field
    `intent` says `podcasts` in some lines for `play_podcasts`.

    Raises:
        InputError: a line that is no such JSON object; an entity outside the tokens.
    """
    for _, utterance in _read(path, _of_slurp, skip_bad, dropped, repairs):
        yield utterance


def _read(
    path: Path,
    utterance_of: Callable[[Record, str], Utterance],
    skip_bad: bool,
    dropped: Counter[str] | None,
    repairs: Counter[str] | None,
) -> Iterator[tuple[Record, Utterance]]:
    with counted(dropped, path, "dropped") as tally, counted(repairs, path, "repaired") as fixed:
        for number, line in read_lines(path, repairs=fixed, skip_bad=skip_bad, dropped=tally):
            where = f"{path}:{number}"
            if not line.strip():
                continue
            try:
                record = _cleaned(parse_json(line, where, dict), fixed)
                utterance = utterance_of(record, where)
            except InputError as error:
                reject(
                    (BAD_RECORD, fault_of(error, where)), where, skip_bad=skip_bad, dropped=tally
                )
            else:
                yield record, utterance


def _cleaned(record: dict[str, Any], repairs: Counter[str]) -> Record:
    r"""The record with its texts in NFC: `n\u0303` is written in ASCII in JSON."""
    return {
        key: clean(value, f'"{key}"', repairs=repairs) if isinstance(value, str) else value
        for key, value in record.items()
    }


def _of_one_locale() -> Callable[[Record, str], Utterance]:
    """What makes utterances of a file's records, which have one locale, and each id once."""
    locales: set[str] = set()
    seen: set[tuple[str, str]] = set()

    def utterance_of(record: Record, where: str) -> Utterance:
        found, locale = _of_massive(record, where), str(record["locale"])
        key = str(record["partition"]), found.id
        if locales and locale not in locales:
            raise InputError(f"expected {excerpt(*locales)} as before, found {excerpt(locale)}")
        if key in seen:
            raise InputError(f"expected each id once in {key[0]}, found {excerpt(key[1])} again")
        locales.add(locale)
        seen.add(key)
        return found

    return utterance_of


def _of_massive(record: Record, _: str) -> Utterance:
    text = _text(record, "utt")
    by_character = _text(record, "locale") in SPLIT_BY_CHARACTER
    if record.get("partition") == HELD_OUT and not {"intent", "annot_utt"} & record.keys():
        places = words(text, by_character=by_character)
        tokens = tuple(text[start:end] for start, end in places)
        return Utterance(_text(record, "id"), tokens, "", (OUTSIDE,) * len(tokens), text)
    annotated = parse(_text(record, "annot_utt"), by_character=by_character)
    if annotated.text.split() != text.split():
        raise InputError(
            f"expected the words of utt in annot_utt, {excerpt(text)}, found"
            f" {excerpt(annotated.text)}"
        )
    if _text(record, "partition") not in (*PARTITIONS, HELD_OUT):
        found = excerpt(record["partition"])
        raise InputError(f"expected a partition of {', '.join(PARTITIONS)}, found {found}")
    id_, intent = _text(record, "id"), _text(record, "intent")
    return Utterance(id_, annotated.tokens, intent, annotated.slots, text)


def _of_slurp(record: Record, where: str) -> Utterance:
    check_shape(record, _SLURP, where)
    tokens = tuple(token["surface"] for token in record["tokens"])
    entities = record["entities"]
    if not all(entity["span"] for entity in entities):
        raise InputError("expected the numbers of tokens in each span, found none")
    spans = [Span(one["span"][0], one["span"][-1] + 1, one["type"]) for one in entities]
    return Utterance(
        id=str(record["slurp_id"]),
        tokens=tokens,
        intent=f"{_text(record, 'scenario')}_{_text(record, 'action')}",
        slots=tags_of(spans, len(tokens)),
        text=_text(record, "sentence"),
    )


def _text(record: Record, key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value.strip():
        found = excerpt(value) if isinstance(value, str) else type(value).__name__
        raise InputError(f'expected text under "{key}", found {found}')
    return value


@dataclass(frozen=True)
class UtteranceCorpus:
    """One split of a data set in one language, with where it comes from.

    code: the data set's own for the language. dropped, repairs: counts by reason.
    """

    name: str
    code: str
    split: str
    language: Language
    utterances: tuple[Utterance, ...]
    licence: str
    origin: str
    dropped: Counter[str]
    repairs: Counter[str]


def read_xsid(
    path: Path,
    *,
    prefix: str = "",
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Utterance]:
    """Yield the utterances of a file of xSID (van der Goot et al. 2021).

    Above the tokens stand comments: `# id = 7`, `# text = ...` (or `# text: ...`), `# intent`,
    `# dialect`. The id is the file's own, which translations share, or else the number of the
    utterance. Every token repeats the intent; where one differs, the comment's intent stands.
    Seven utterances of the Chinese part hold a token without letters, which is taken out.

    Raises:
        InputError: a line with other columns than number, token, intent, slot; no intent.
    """
    blocks = read_blocks(
        path,
        COLUMNS,
        comments=True,
        empty=("token",),
        skip_bad=skip_bad,
        dropped=dropped,
        repairs=repairs,
    )
    with counted(dropped, path, "dropped") as tally, counted(repairs, path, "repaired") as fixed:
        for block in blocks:
            try:
                yield _of_block(block, prefix, fixed)
            except InputError as error:
                where = f"{path}:{block.line}"
                reject((BAD_RECORD, str(error)), where, skip_bad=skip_bad, dropped=tally)


def read_text_and_labels(
    text: Path,
    labels: Path,
    *,
    prefix: str = "",
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Utterance]:
    """Yield the utterances of two files whose lines correspond, as xSID's English train part.

    A line of the one has tokens, with spaces between; of the other as many BIO tags, a tab and
    the intent: `O O B-location<TAB>weather/find`. Line 7 has the id `prefix` + "7". In 357 lines
    the token after a span has the tag `Orecurring_datetime`: it is outside, and becomes O.

    Raises:
        InputError: files of different lengths; a line with another number of tags than tokens.
    """
    with (
        counted(dropped, labels, "dropped") as tally,
        counted(repairs, labels, "repaired") as fixed,
    ):
        lines = zip_longest(*(read_lines(path, repairs=fixed) for path in (text, labels)))
        for number, (left, right) in enumerate(lines, 1):
            if left is None or right is None:
                ended = text if left is None else labels
                raise InputError(
                    f"{ended}: expected a line {number}, found the end; fetch it again"
                )
            try:
                yield _of_lines(f"{prefix}{number}", left[1], right[1], fixed)
            except InputError as error:
                where = f"{labels}:{number}"
                reject((BAD_RECORD, str(error)), where, skip_bad=skip_bad, dropped=tally)


def load_utterances(
    name: str,
    language: Language | str,
    split: str = "test",
    *,
    access: Access = Access(),
) -> UtteranceCorpus:
    """One split of a data set of the catalog in one language (or own code of the data set).

    Records that are no utterance are left out and slots mended; how many stands in the corpus.

    Raises:
        InputError: no such data set, language or split.
        UnavailableError: a file cannot be had.
    """
    entry = dataset(name)
    if entry.kind != "utterances":
        raise InputError(f"{name} is a {entry.kind}, not utterances")
    part = fetch_split(entry, language, roles_of(entry, split), access=access)
    dropped, repairs = Counter[str](), Counter[str]()
    utterances = tuple(read_split(entry, split, part.paths, dropped=dropped, repairs=repairs))
    if not utterances:
        raise InputError(f'{name} has no utterances in the split "{split}" in {part.code}')
    return UtteranceCorpus(
        name=name,
        code=part.code,
        split=split,
        language=part.language,
        utterances=utterances,
        licence=entry.licence,
        origin=part.origin,
        dropped=dropped,
        repairs=repairs,
    )


def read_split(
    entry: Dataset,
    split: str,
    paths: Sequence[Path],
    *,
    dropped: Counter[str],
    repairs: Counter[str],
) -> Iterator[Utterance]:
    """The utterances of a split out of its files, by the data set's reader in the catalog."""
    return READERS[entry.reader](paths, split, dropped=dropped, repairs=repairs)


def _massive(paths: Sequence[Path], split: str, **counters: Any) -> Iterator[Utterance]:
    return read_massive(paths[0], split, skip_bad=True, **counters)


def _slurp(paths: Sequence[Path], _split: str, **counters: Any) -> Iterator[Utterance]:
    return read_slurp(paths[0], skip_bad=True, **counters)


def _held_out(paths: Sequence[Path], _split: str, **counters: Any) -> Iterator[Utterance]:
    return read_massive(paths[0], HELD_OUT, skip_bad=True, **counters)


def _injongo(paths: Sequence[Path], _split: str, **counters: Any) -> Iterator[Utterance]:
    return read_injongo(paths[0], skip_bad=True, **counters)


def _mtop(paths: Sequence[Path], _split: str, **counters: Any) -> Iterator[Utterance]:
    return read_mtop(paths[0], skip_bad=True, **counters)


def _xsid(paths: Sequence[Path], _split: str, **counters: Any) -> Iterator[Utterance]:
    if len(paths) == 2:  # its train part has texts and labels in two files
        return read_text_and_labels(*paths, skip_bad=True, **counters)
    return read_xsid(paths[0], skip_bad=True, **counters)


# By the catalog's reader: called with the files of a split, its name and the counters
# `dropped` and `repairs`. A row added here is a reader for data sets of the kind utterances.
READERS: dict[str, Callable[..., Iterator[Utterance]]] = {
    "massive": _massive,
    "slurp": _slurp,
    "conll-utterances": _xsid,
    "massive-held-out": _held_out,
    "injongo": _injongo,
    "mtop": _mtop,
}


def read_utterances(
    path: Path,
    split: str | None = None,
    *,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Utterance]:
    """Yield the utterances of a user's file, in whichever of these forms it is.

    `.conll` is xSID's; `.tsv` MultiATIS++'s, told by its header, or MTOP's (as `.txt` is); `.jsonl`
    MASSIVE's, SLURP's or Injongo's, told by the keys of its first line.

    Args:
        split: of MASSIVE's files, which hold all of them.

    Raises:
        InputError: a file of another form; a bad line.
    """
    how: dict[str, Any] = {"skip_bad": skip_bad, "dropped": dropped, "repairs": repairs}
    suffix = unpacked_suffix(path)
    if suffix == ".conll":
        return read_xsid(path, **how)
    if suffix in (".tsv", ".txt"):
        first = next((line for _, line in read_lines(path)), "")
        is_table = first.split("\t") == list(MULTIATIS_COLUMNS)
        return read_multiatis(path, **how) if is_table else read_mtop(path, **how)
    if suffix != ".jsonl":
        raise InputError(
            f"{path}: expected utterances in .jsonl (MASSIVE, SLURP, Injongo), .conll (xSID) or"
            f" .tsv (MultiATIS++, MTOP), found {suffix or 'no suffix'}"
        )
    keys = first_keys(path)
    if "slurp_id" in keys:
        return read_slurp(path, **how)
    if keys >= {"text", "intent"}:
        return read_injongo(path, **how)
    return read_massive(path, split, **how)


def first_keys(path: Path) -> set[str]:
    """The keys of a file's first JSON object; none where it has none.

    Raises:
        InputError: a first line that is no JSON object.
    """
    for number, line in read_lines(path):
        if line.strip():
            return set(parse_json(line, f"{path}:{number}", dict))
    return set()


def roles_of(entry: Dataset, split: str) -> tuple[str, ...]:
    """The roles of the files that a split stands in: xSID's train part has two, text and labels.

    >>> roles_of(dataset("xsid"), "train"), roles_of(dataset("massive-1.1"), "train")
    (('train-text', 'train-label'), ('utterances',))
    """
    roles = {file.role for file in entry.contents}
    if "utterances" in roles:  # one file holds all splits
        return ("utterances",)
    pair = (f"{split}-text", f"{split}-label")
    return pair if roles.issuperset(pair) else (split,)


def _of_block(block: Block, prefix: str, repairs: Counter[str]) -> Utterance:
    told = dict(_key_and_value(comment) for comment in block.comments)
    intent = told.get("intent")
    if not intent:
        raise InputError("expected a comment # intent = ..., found none")
    rows = [row for row in block.rows if row.cells[1].strip()]
    if not rows:
        raise InputError("expected tokens, found empty ones only")
    _count(repairs, BLANK, len(block.rows) - len(rows))
    _count(repairs, OTHER_INTENT, sum(row.cells[2] != intent for row in rows))
    tokens = tuple(row.cells[1] for row in rows)
    return Utterance(
        id=f"{prefix}{told.get('id') or block.number}",
        tokens=tokens,
        intent=intent,
        slots=mended([row.cells[3] for row in rows], repairs),
        text=told.get("text") or " ".join(tokens),
        dialect=told.get("dialect"),
    )


def _key_and_value(comment: str) -> tuple[str, str]:
    """`text` and its value, of `text = alle Wecker aus` or `text: alle Wecker aus`."""
    end = min((place for place in map(comment.find, "=:") if place >= 0), default=len(comment))
    return comment[:end].rstrip(), comment[end + 1 :].lstrip()


def _of_lines(id_: str, text: str, labels: str, repairs: Counter[str]) -> Utterance:
    tags, tab, intent = labels.partition("\t")
    tokens, slots = text.split(" "), tags.split(" ")
    if not tab or not intent.strip():
        raise InputError("expected tags, a tab and an intent, found no intent")
    if len(tokens) != len(slots) or not all(tokens):
        raise InputError(f"expected a tag for each of {len(tokens)} tokens, found {len(slots)}")
    plain = [re.sub(r"^O\w+$", "O", slot) for slot in slots]
    _count(repairs, LABELLED_O, sum(old != new for old, new in zip(slots, plain, strict=True)))
    return Utterance(id_, tuple(tokens), intent, mended(plain, repairs), text)


def _count(repairs: Counter[str], reason: str, number: int) -> None:
    if number:
        repairs[reason] += number
