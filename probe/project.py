"""A picture of a representation: languages, or their sentences, as points in two dimensions.

    python -m probe.project --lang swh,zul,amh,hau,deu,nld
    python -m probe.project --show languages
    python -m probe.project --method umap --centred

Principal components, or UMAP where it is installed (pip install "kilolingua[umap]"). The page is
coloured by family, genus, script, topic or language, and says what each point is. The folder holds
config.json, coordinates.tsv, components.tsv (how much of the variance each axis has) and
report.html; vectors come from the cache where `probe.language` or an earlier run left them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.errors import InputError
from data.options import check, command, command_line, identity_of, option, to_json
from probe.encoded import Advance, EncodingOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from probe.many_way import ManyWay
    from probe.places import Place
    from probe.projection import Projected
    from probe.retrieval import Vectors
    from probe.scatter import Projecting

METHODS = ("pca", "umap")
SHOWN = ("sentences", "languages")
COORDINATES, COMPONENTS = "coordinates.tsv", "components.tsv"
COLUMNS = ("code", "name", "family", "genus", "script", "sentence", "topic", "x", "y")
KEPT = 10  # components of which the share is written down
MOST = 4000  # points that a page draws


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection(EncodingOptions):
    """What `python -m probe.project` is asked for.

    Attributes:
        layer: "last", or a number; 0 are the embeddings.
        show: sentences, or the mean of each language.
    """

    layer: str = option("last", "last, or a number (0: the embeddings)")
    method: str = option("pca", "of projection", choices=METHODS)
    show: str = option("sentences", "the points", choices=SHOWN)
    per_language: int = option(10, "sentences of a language that are shown", least=1)
    centred: bool = option(False, "each language less its own mean")

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)
        if self.centred and self.show == "languages":
            raise InputError("--centred: takes away the means that --show languages shows")


def project(
    config: Projection, access: Access = Access(), advance: Advance | None = None
) -> Projecting:
    """Encode, project, draw.

    Raises:
        InputError: a set, language, model or layer that does not exist, one language alone, a
            model without a tokenizer.
        UnavailableError: a file or a package cannot be had.
    """
    from probe.encoded import encode, opened
    from probe.many_way import many_way
    from probe.places import places_of
    from probe.retrieve import layers_of
    from probe.scatter import Projecting
    from runfolder.folder import RunKind, run_folder

    kind = RunKind("probe.project", {"corpus": str, "method": str}, (COORDINATES,))
    texts = many_way(config.corpus, config.lang, limit=config.limit, least=2, access=access)
    encoder = opened(config, access)
    layers = layers_of(config.layer, encoder.depth)
    if len(layers) != 1:
        raise InputError(f"--layer {config.layer}: expected one layer, found {len(layers)}")
    identity = {
        **identity_of(config),
        "encoder": encoder.signature,
        "layer": layers[0],
        "sha256": texts.sha256,
    }
    what = f"probe-project-{encoder.name}-{texts.corpus}".replace("/", "-")
    with run_folder(kind, what, identity, out=config.out, options=to_json(config)) as run:
        places, told = places_of(texts.codes, access)
        notes = [*told]
        encoded = encode(encoder, texts, layers, config.pooling, access, advance)
        vectors = encoded.layer(layers[0])
        codes = [code for code in texts.codes if code not in encoded.unreadable]
        if encoded.unreadable:
            notes.append(
                "not representable and left out: most of their letters are in no piece of"
                f" {encoder.name}: {', '.join(encoded.unreadable)}"
            )
        numbers = shown_rows(texts.rows, config)
        found = projected({code: vectors[code] for code in codes}, numbers, config)
        rows = tuple(described(texts, codes, numbers, places, found.points))
        shares = tuple(float(share) for share in found.shares)
        done = Projecting(run.folder, rows, shares, (*texts.remarks, *notes))
        _finish(done, config, f"{encoder.name}, layer {layers[0]}")
        return done


def shown_rows(rows: int, config: Projection) -> list[int]:
    """Which sentences are shown, the same of each language, drawn by seed; none for means."""
    import numpy as np

    if config.show == "languages":
        return []
    order = np.random.default_rng(config.seed).permutation(rows)[: config.per_language]
    return sorted(int(row) for row in order)


def projected(
    vectors: Mapping[str, Vectors], numbers: Sequence[int], config: Projection
) -> Projected:
    """The points, language by language: of length 1 before they are projected, as for cosines."""
    import numpy as np

    from probe.identity import centre, stack
    from probe.projection import principal_components, umap
    from probe.retrieval import unit

    rows = np.arange(len(next(iter(vectors.values()))))
    _, stacked = stack(centre(vectors, rows) if config.centred else vectors)
    count, _, width = stacked.shape
    every = unit(stacked.reshape(-1, width))
    if config.show == "languages":
        every = shown = every.reshape(count, -1, width).mean(axis=1)
    else:
        shown = every.reshape(count, -1, width)[:, list(numbers)].reshape(-1, width)
    if len(shown) > MOST:
        raise InputError(
            f"--per-language {config.per_language}: makes {len(shown):,} points, more than the"
            f" {MOST:,} that a page draws; show fewer sentences or languages"
        )
    if config.method == "umap":
        return umap(shown, config.seed)
    return principal_components(every, shown, KEPT)


def described(
    texts: ManyWay,
    codes: Sequence[str],
    numbers: Sequence[int],
    places: Mapping[str, Place],
    points: NDArray[Any],
) -> list[dict[str, str]]:
    """What coordinates.tsv says of each point; an empty cell is unknown, or means nothing."""
    names = {code: one.name for code, one in zip(texts.codes, texts.languages, strict=True)}
    shown: Sequence[int | None] = numbers or [None]  # none: means
    every = [(code, row) for code in codes for row in shown]
    return [
        {
            "code": code,
            "name": names[code],
            **{kind: places[code].group(kind) or "" for kind in ("family", "genus", "script")},
            "sentence": "" if row is None else str(row + 1),
            "topic": texts.labels[row] if texts.labels and row is not None else "",
            "x": f"{point[0]:.6f}",
            "y": f"{point[1]:.6f}",
        }
        for (code, row), point in zip(every, points, strict=True)
    ]


def _finish(done: Projecting, config: Projection, about: str) -> None:
    from data.tsv import write_tsv
    from probe.scatter import write_report

    cells = [[row[column] for column in COLUMNS] for row in done.rows]
    write_tsv(done.folder / COORDINATES, COLUMNS, cells)
    shares = [[str(at), f"{share:.6f}"] for at, share in enumerate(done.shares, 1)]
    write_tsv(done.folder / COMPONENTS, ("component", "share"), shares)
    write_report(done, config.method, about, command_line("probe.project", config))


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `project` is the function beneath it."""
    return command("probe.project", __doc__ or "", Projection, _command, argv)


def _command(config: Projection) -> int:
    from runfolder.console import progress_bar, say, show

    with progress_bar() as progress:
        done = project(config, Access.of(config, progress.say), progress.advance)
    for at, share in enumerate(done.shares[:2], 1):
        show(f"component {at}: {100 * share:.1f} % of the variance")
    for note in done.notes:
        say(f"note: {note}")
    show(f"{len(done.rows):,} points")
    show(f"wrote {done.folder}: config.json {COORDINATES} {COMPONENTS} report.html")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
