"""From a file to records of text: what each form of file holds, and what is dropped from it.

| form | a record | dropped and counted |
| --- | --- | --- |
| plain text | a line | blank lines |
| .jsonl, .ndjson | the field `text`, else `target`, else `tokens` with spaces | blank texts |
| .parquet | the column of one of these names | blank texts |

The first two may be packed: .gz, .zst. `data.corpus.find_corpus` chooses the reader.

>>> form_of(Path("news.sw.jsonl.gz")), form_of(Path("train.swa"))
('jsonl', 'lines')
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from data.bounded import parse_json
from data.errors import InputError, UnavailableError
from data.labels.slots import Utterance
from data.lines import SKIP_BAD, BadLineError, clean, excerpt, read_lines, reject, unpacked_suffix
from data.tagged import read_tagged
from data.tsv import read_tsv

# Reasons under which dropped records are counted.
BLANK = "no text"
NO_RECORD = "no JSON object with text"

FIELDS = ("text", "target", "tokens")  # of jsonl and parquet; the first that is there
FORMS = {".txt": "lines", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
NO_TEXT = frozenset(
    {".bin", ".conllu", ".csv", ".docx", ".html", ".json", ".pdf", ".safetensors", ".tar", ".tmx"}
    | {".tsv", ".xml", ".zip", ".gguf", ".pt", ".npy", ".dz"}
)  # what a reader of lines would take for text, or what is none


@dataclass(frozen=True, slots=True)
class Record:
    """A text, its id in its corpus, and what else the file says about it."""

    id: str
    text: str
    meta: Mapping[str, Any] = field(default_factory=dict)


class Reader(Protocol):
    """Reads one file of a form, as a stream."""

    def __call__(
        self, path: Path, *, skip_bad: bool, dropped: Counter[str], repairs: Counter[str]
    ) -> Iterator[Record]:
        """Yield the records; `skip_bad` counts what is otherwise an error."""
        ...


def form_of(path: Path) -> str:
    """`lines`, `jsonl` or `parquet`, told by the file's name.

    Raises:
        InputError: a name of something else, such as a table.
    """
    suffix = unpacked_suffix(path)
    if suffix in NO_TEXT:
        raise InputError(
            f"{path}: expected plain text, .jsonl or .parquet, found {suffix}; write its text into"
            " a file, a record a line"
        )
    return FORMS.get(suffix, "lines")


def is_corpus_file(path: Path) -> bool:
    """Whether a folder of text holds it as text: .txt, .jsonl, .parquet, packed or not.

    >>> is_corpus_file(Path("text.txt.gz")), is_corpus_file(Path("LICENCE"))
    (True, False)
    """
    return not path.name.startswith(".") and unpacked_suffix(path) in FORMS


def read_text_lines(
    path: Path, *, skip_bad: bool, dropped: Counter[str], repairs: Counter[str]
) -> Iterator[Record]:
    """A record a line; its id is the line's number, from 1."""
    for number, line in _lines(path, skip_bad, dropped, repairs):
        if line.strip():
            yield Record(str(number), line.strip())
        else:
            dropped[BLANK] += 1


def read_jsonl(
    path: Path, *, skip_bad: bool, dropped: Counter[str], repairs: Counter[str]
) -> Iterator[Record]:
    """A record a JSON object; its id is the field `id`, else the line's number."""
    for number, line in _lines(path, skip_bad, dropped, repairs):
        where = f"{path}:{number}"
        if not line.strip():
            dropped[BLANK] += 1
            continue
        try:
            row = parse_json(line, where, dict)
            name = _field(row, where)
        except InputError as error:
            if not skip_bad:
                raise InputError(str(error), option=SKIP_BAD) from error
            dropped[NO_RECORD] += 1
            continue
        text = _text_of(row[name], where, skip_bad, dropped, repairs)
        if text:
            meta = {key: value for key, value in row.items() if key not in (name, "id")}
            yield Record(str(row.get("id", number)), text, meta)


def read_parquet(
    path: Path, *, skip_bad: bool, dropped: Counter[str], repairs: Counter[str]
) -> Iterator[Record]:
    """A record a row; only the columns of the text and of the id are read."""
    file, errors = _open_parquet(path)
    name = _field(dict.fromkeys(file.schema_arrow.names), str(path))
    columns = [name, *(["id"] if "id" in file.schema_arrow.names else [])]
    number = 0
    try:
        for batch in file.iter_batches(columns=columns, batch_size=1024):
            for row in batch.to_pylist():
                number += 1
                where = f"{path}: row {number}"
                text = _text_of(row[name] or "", where, skip_bad, dropped, repairs)
                if text:
                    yield Record(str(row.get("id", number)), text)
    except errors as error:
        raise InputError(f"{path}: damaged ({_first(error)}); fetch or write it again") from error


def read_targets(
    path: Path, *, skip_bad: bool, dropped: Counter[str], repairs: Counter[str]
) -> Iterator[Record]:
    """The second column of `source TAB target` without a header, as synthesis writes pairs."""
    rows = read_tsv(
        path,
        ("source", "target"),
        header=False,
        skip_bad=skip_bad,
        dropped=dropped,
        repairs=repairs,
        keep_replacement=True,
    )
    for row in rows:
        yield Record(str(row.line), row.cells[1].strip(), {"source": row.cells[0]})


def read_tokens(
    path: Path, *, skip_bad: bool, dropped: Counter[str], repairs: Counter[str]
) -> Iterator[Record]:
    """The sentences of a file of `token TAG` lines, tokens with spaces between them."""
    sentences = read_tagged(
        path, skip_bad=skip_bad, dropped=dropped, repairs=repairs, keep_replacement=True
    )
    for sentence in sentences:
        yield Record(sentence.id, " ".join(sentence.tokens), {"tags": sentence.tags})


def column_reader(columns: tuple[str, ...], wanted: str) -> Reader:
    """A reader of one column of a table with this header."""

    def read(
        path: Path, *, skip_bad: bool, dropped: Counter[str], repairs: Counter[str]
    ) -> Iterator[Record]:
        rows = read_tsv(
            path, columns, header=True, skip_bad=skip_bad, dropped=dropped, repairs=repairs
        )
        for row in rows:
            yield Record(str(row.line - 1), row.cells[columns.index(wanted)])

    return read


def utterance_reader(utterances: Callable[..., Iterator[Utterance]]) -> Reader:
    """A reader of what people said, out of a reader of utterances."""

    def read(
        path: Path,
        *,
        skip_bad: bool,  # noqa: ARG001 (published files: what is bad is always counted)
        dropped: Counter[str],
        repairs: Counter[str],
    ) -> Iterator[Record]:
        for utterance in utterances(path, dropped=dropped, repairs=repairs):
            yield Record(utterance.id, utterance.text, {"intent": utterance.intent})

    return read


READERS: Mapping[str, Reader] = {
    "lines": read_text_lines,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "pairs": read_targets,
    "tokens": read_tokens,
}


def _lines(
    path: Path, skip_bad: bool, dropped: Counter[str], repairs: Counter[str]
) -> Iterator[tuple[int, str]]:
    """The lines, U+FFFD kept; with `skip_bad` those that are no text are counted by reason."""
    return read_lines(
        path, repairs=repairs, keep_replacement=True, skip_bad=skip_bad, dropped=dropped
    )


def _field(row: Mapping[str, Any], where: str) -> str:
    for name in FIELDS:
        if name in row:
            return name
    raise InputError(
        f"{where}: expected a field {', '.join(FIELDS[:-1])} or {FIELDS[-1]}, found"
        f" {', '.join(row) or 'none'}; name the one with the text so"
    )


def _text_of(
    value: Any, where: str, skip_bad: bool, dropped: Counter[str], repairs: Counter[str]
) -> str:
    """A text as it is, tokens with spaces between them; "" for what was counted and dropped."""
    if isinstance(value, list) and all(isinstance(token, str) for token in value):
        value = " ".join(value)
    if not isinstance(value, str):
        problem = (NO_RECORD, f"expected text, found {excerpt(repr(value))}")
        reject(problem, where, skip_bad=skip_bad, dropped=dropped)
        return ""
    try:
        text = clean(value, where, repairs=repairs, keep_replacement=True).strip()
    except BadLineError as error:
        if not skip_bad:
            raise
        dropped[error.reason] += 1
        return ""
    if not text:
        dropped[BLANK] += 1
    return text


def _open_parquet(path: Path) -> tuple[Any, tuple[type[Exception], ...]]:
    """The opened file, and what reading it raises when it is damaged."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UnavailableError(
            f'{path}: .parquet needs the package pyarrow; pip install -e ".[lexaug]"'
        ) from error
    errors = (pyarrow.ArrowException, OSError, UnicodeDecodeError)
    try:
        return parquet.ParquetFile(path), errors
    except errors as error:
        raise InputError(f"{path}: no Parquet file ({_first(error)}); write it again") from error


def _first(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
