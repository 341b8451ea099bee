"""Is a sentence's language in its representation, layer by layer, and what do neighbours share?

    python -m probe.language --layers all
    python -m probe.language --model runs/encoder --corpus mine.tsv --layers 0,2,4

On the same sentences in many languages: the held-out accuracy of a linear probe for the language,
learned on one half of the sentences and asked about the other, and the share of a sentence's ten
nearest neighbours with its language, genus, family, script (looked for in other languages) and
topic (among other sentences); the neighbours before and after centring. The folder holds
config.json, layers.jsonl, scores.json and report.html; the same command goes on where a killed one
stopped, to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.options import check, command, command_line, identity_of, option, to_json
from probe.encoded import Advance, EncodingOptions

if TYPE_CHECKING:
    from probe.identity import LanguageProbe, Purity
    from probe.language_report import Identified
    from probe.many_way import ManyWay
    from probe.places import Place
    from probe.retrieval import Rows, Vectors

RECORDS = "layers.jsonl"
SHAPE = {
    "layer": int,  # -1: of characters
    "centred": bool,
    "hits": [int],  # of each held-out sentence, in how many languages the probe was right; or none
    "languages": {str: int},  # of each language, of how many held-out sentences; or none
    "purity": {str: {"rows": [int], "hits": [int], "looked_at": int, "chance": float}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(EncodingOptions):
    """What `python -m probe.language` is asked for.

    Attributes:
        layers: "last", "all", or numbers with commas between; 0 are the embeddings.
    """

    layers: str = option("last", "last, all, or numbers: 0,6,12 (0: the embeddings)")
    neighbours: int = option(10, "nearest neighbours of a sentence", least=1)
    queries: int = option(2000, "sentences whose neighbours are looked at", least=10)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)


def identify(
    config: Identity, access: Access = Access(), advance: Advance | None = None
) -> Identified:
    """Probe every layer that was asked for.

    Args:
        advance: called with (what is done, how many, of how many).

    Raises:
        InputError: a set, language, model or layer that does not exist, one language alone, a set
            whose languages have other sentences each, a model without a tokenizer.
        UnavailableError: a file or a package cannot be had.
    """
    from probe.encoded import encode, opened
    from probe.many_way import many_way
    from probe.places import places_of
    from probe.retrieve import layers_of
    from runfolder.folder import RunKind, run_folder
    from runfolder.records import RecordFile

    kind = RunKind("probe.language", {"corpus": str, "layers": [int]}, (RECORDS,))
    texts = many_way(config.corpus, config.lang, limit=config.limit, least=2, access=access)
    encoder = opened(config, access)
    layers = layers_of(config.layers, encoder.depth)
    identity = {
        **identity_of(config),
        "encoder": encoder.signature,
        "layers": layers,
        "sha256": texts.sha256,
    }
    what = f"probe-language-{encoder.name}-{texts.corpus}".replace("/", "-")
    with run_folder(kind, what, identity, out=config.out, options=to_json(config)) as run:
        places, told = places_of(texts.codes, access)
        notes = [*told]
        encoded = encode(encoder, texts, layers, config.pooling, access, advance)
        asked = _Asked.of(texts, encoded.unreadable, places, config)
        records = RecordFile(run.folder / RECORDS, SHAPE)
        done = {(one["layer"], one["centred"]) for one in records}
        if (-1, False) not in done:
            records.append([asked.of_characters(texts)])
        for number, layer in enumerate(layers, 1):
            if missing := [way for way in (False, True) if (layer, way) not in done]:
                vectors = encoded.layer(layer)
                for centred in missing:
                    records.append([asked.of_layer(vectors, layer, centred=centred)])
            if advance:
                advance("layers", number, len(layers))
        by_key = {(one["layer"], one["centred"]): one for one in records}
        records.close()
        ordered = [by_key[-1, False]]
        ordered += [by_key[layer, way] for layer in layers for way in (False, True)]
        if encoded.unreadable:
            notes.append(
                f"not representable and left out: most of their letters are in no piece of"
                f" {encoder.name}: {', '.join(encoded.unreadable)}"
            )
        signature = f"model:{encoder.signature}|pooling:{config.pooling}|set:{texts.corpus}"
        return _finish(run.folder, config, signature, asked, ordered, [*texts.remarks, *notes])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What each layer is asked: languages, halves of the sentences, labels of the held-out ones."""

    codes: tuple[str, ...]
    fit: Rows
    held_out: Rows
    tags: tuple[str, ...]
    topics: tuple[str, ...]
    places: Mapping[str, Place]
    config: Identity

    @classmethod
    def of(
        cls,
        texts: ManyWay,
        unreadable: Sequence[str],
        places: Mapping[str, Place],
        config: Identity,
    ) -> _Asked:
        from probe.retrieval import halves

        sides = zip(texts.codes, texts.languages, strict=True)
        chosen = [(code, language) for code, language in sides if code not in unreadable]
        return cls(
            tuple(code for code, _ in chosen),
            *halves(texts.rows, config.seed),
            tuple(language.bcp47 for _, language in chosen),
            texts.labels,
            places,
            config,
        )

    def of_characters(self, texts: ManyWay) -> dict[str, Any]:
        """The record of the baseline."""
        from probe.ngrams import character_identification

        sentences = {code: texts.sentences[texts.codes.index(code)] for code in self.codes}
        return _record(-1, character_identification(sentences, self.fit, self.held_out), {})

    def of_layer(
        self, vectors: Mapping[str, Vectors], layer: int, *, centred: bool
    ) -> dict[str, Any]:
        """The record of a layer."""
        from probe.identity import centre, language_accuracy

        readable = {code: vectors[code] for code in self.codes}
        told = None if centred else language_accuracy(readable, self.fit, self.held_out)
        moved = centre(readable, self.fit) if centred else readable
        held_out = {code: one[self.held_out] for code, one in moved.items()}
        return _record(layer, told, dict(self._purities(held_out)), centred=centred)

    def _purities(self, vectors: Mapping[str, Vectors]) -> Iterator[tuple[str, Purity]]:
        from probe.identity import neighbour_purity
        from probe.language_report import KINDS

        rows = range(len(self.held_out))
        for kind in KINDS:
            if kind == "topic":
                labels = [[self.topics[row] for row in self.held_out]] * len(self.codes)
                labels = labels if self.topics else []
            elif kind == "language":
                labels = [[code] * len(rows) for code in self.codes]
            else:
                labels = [[self.places[code].group(kind)] * len(rows) for code in self.codes]
            if len({one for side in labels for one in side if one is not None}) < 2:
                continue  # nothing to tell apart
            yield (
                kind,
                neighbour_purity(
                    vectors,
                    labels,
                    self._excluded(kind),
                    neighbours=self.config.neighbours,
                    queries=self.config.queries,
                    seed=self.config.seed,
                ),
            )

    def _excluded(self, kind: str) -> Callable[[int, int], tuple[Sequence[int], Sequence[int]]]:
        """Where no neighbours count: a kin is another language, a topic another sentence."""
        if kind == "language":
            return lambda _language, _row: ((), ())
        if kind == "topic":
            return lambda _language, row: ((), (row,))
        same = {tag: [n for n, one in enumerate(self.tags) if one == tag] for tag in self.tags}
        return lambda language, _row: (same[self.tags[language]], ())


def _record(
    layer: int, told: LanguageProbe | None, purity: Mapping[str, Purity], *, centred: bool = False
) -> dict[str, Any]:
    return {
        "layer": layer,
        "centred": centred,
        "hits": told.by_row if told else [],
        "languages": {
            name: int(right.sum()) for name, right in zip(told.names, told.right, strict=True)
        }
        if told
        else {},
        "purity": {
            kind: {
                "rows": one.rows.tolist(),
                "hits": one.hits.tolist(),
                "looked_at": one.looked_at,
                "chance": round(one.chance, 4),
            }
            for kind, one in purity.items()
        },
    }


def _finish(
    folder: Path,
    config: Identity,
    signature: str,
    asked: _Asked,
    records: Sequence[Mapping[str, Any]],
    notes: Sequence[str],
) -> Identified:
    from probe.language_report import Identified, scores_of, write_report
    from runfolder.folder import write_json

    scores = tuple(score for one in records for score in scores_of(one, signature, config.seed))
    done = Identified(folder, asked.codes, tuple(records), scores, tuple(notes))
    write_json(
        folder / "scores.json",
        {
            "scores": [score.to_dict() for score in scores],
            "chance": {
                "language": 100 / len(asked.codes),
                **{kind: one["chance"] for kind, one in records[1]["purity"].items()},
            },
            "notes": list(notes),
        },
    )
    write_report(done, asked.places, command_line("probe.language", config))
    return done


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `identify` is the function beneath it."""
    return command("probe.language", __doc__ or "", Identity, _command, argv)


def _command(config: Identity) -> int:
    from probe.language_report import table
    from runfolder.console import carried_out

    files = f"config.json {RECORDS} scores.json report.html"
    return carried_out(config, identify, table, files)


if __name__ == "__main__":
    raise SystemExit(main())
