"""How a transducer is trained: one frozen record, and networks from examples.

    recipe = Recipe(seconds=600)
    networks = train_networks(groups, alphabet, recipe, out=Path("runs/swa"))

docs/LOG.md has what the defaults were compared with; the shared task's bench takes three networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import InputError
from data.unimorph import Triple
from morph.alphabet import Alphabet
from morph.architecture import Architecture, Features
from morph.completion import completed
from morph.hallucinate import hallucinate
from training.settings import Clock, Settings

if TYPE_CHECKING:
    from morph.examples import Example
    from morph.model import InflectionModel
    from training.loop import Fitted, Progress

FEW, INVENTED = 2000, 8000  # triples
FEW_LEMMAS, SOME = 500, 1000  # many forms of few lemmas teach endings, and do not teach copying


@dataclass(frozen=True, slots=True)
class Recipe:
    """What training takes, besides the examples.

    Args:
        steps: updates of each network. seconds: for all networks together. One of them or both.
        clock: of the seconds, the wall's or the process's own ("cpu", for a shared machine).
        networks: trained one after the other with seeds of their own; they answer together.
        seed: of the first network.
        batch: examples an update.
        scheme: units of writing, `parts` or `characters` (`morph.graphemes`).
        temperature: of sampling among languages, where there are several.
        hallucinated: invented triples a language (`morph.hallucinate`), beside which the real ones
            are repeated until they are as many. None: 8,000 where there are fewer than 2,000 real
            ones, 1,000 where these are of fewer than 500 lemmas, else none. 0: none, and no empty
            cells filled (`morph.completion`) where there are fewer than 2,000.
        backward: whether as many networks again read and write from the end (`morph.both_ways`),
            in the same time. None: where there are fewer than 2,000 triples.
        others: as in `training.loop.Settings` and `morph.architecture.Architecture`.
    """

    steps: int | None = None
    seconds: float | None = 600.0
    clock: Clock = "wall"
    networks: int = 1
    seed: int = 1
    batch: int = 32
    scheme: str = "parts"
    temperature: float = 2.0
    hallucinated: int | None = None
    backward: bool | None = None
    learning_rate: float = 4e-3
    weight_decay: float = 0.01
    optimizer: str = "muon"
    average: float = 0.0
    width: int = 128
    heads: int = 4
    inner: int = 512
    encoder_layers: int = 2
    decoder_layers: int = 2
    dropout: float = 0.1
    features: Features = "both"

    def __post_init__(self) -> None:
        for name in ("networks", "batch"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: expected 1 or more, found {getattr(self, name)}")
        self.settings(0, "cpu")  # these two check the rest
        self.architecture(Alphabet((), ()))

    def settings(self, network: int, device: str, sides: int = 1) -> Settings:
        """How the loop trains a network, the first one is 0, of so many sides."""
        return Settings(
            steps=self.steps,
            seconds=self.seconds and self.seconds / (self.networks * sides),
            clock=self.clock,
            learning_rate=self.learning_rate,
            schedule="linear",
            optimizer=self.optimizer,  # type: ignore[arg-type]  # checked by Settings
            betas=(0.9, 0.98),
            weight_decay=self.weight_decay,
            average=self.average,
            device=device,
            seed=self.seed + network,
        )

    def architecture(self, alphabet: Alphabet) -> Architecture:
        """The networks' size for an alphabet."""
        return Architecture(
            alphabet.size,
            len(alphabet.features),
            self.width,
            self.heads,
            self.inner,
            self.encoder_layers,
            self.decoder_layers,
            self.dropout,
            self.features,
        )

    def sides(self, triples: int) -> int:
        """2 where networks are trained from both ends of words, else 1.

        Args:
            triples: of the language that has fewest.
        """
        return 1 + (triples < FEW if self.backward is None else self.backward)

    def augmented(self, triples: Sequence[Triple]) -> list[Triple]:
        """Real triples, and invented ones beside them if the recipe says so.

        Of few triples, those of empty cells (`morph.completion`) count as real.
        """
        wanted = self._wanted(triples) if self.hallucinated is None else self.hallucinated
        if wanted and len(triples) < FEW:
            triples = [*triples, *completed(triples)]
        invented = hallucinate(triples, wanted, self.seed, self.scheme) if wanted else []
        return [*triples] * max(1, len(invented) // len(triples)) + invented

    def _wanted(self, triples: Sequence[Triple]) -> int:
        if len(triples) < FEW:
            return INVENTED
        return SOME if len({triple.lemma for triple in triples}) < FEW_LEMMAS else 0

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)


def train_networks(
    groups: Sequence[Sequence[Example]],
    alphabet: Alphabet,
    recipe: Recipe,
    *,
    out: Path | None = None,
    device: str = "cpu",
    start: Sequence[InflectionModel] = (),
    data: str = "",
    sides: int = 1,
    from_end: bool = False,
    report: Callable[[int, Progress], None] | None = None,
) -> list[tuple[InflectionModel, Fitted]]:
    """Train the networks of a recipe one after the other, each resumable in its own folder.

    Args:
        groups: the examples of each language.
        out: folder; network-1 and so on are made in it.
        start: trained networks to go on from (fine-tuning), as many as the recipe's.
        data: a checksum of the examples; a checkpoint of others is refused.
        sides: how many calls share the recipe's time; see `Recipe.sides`.
        from_end: the networks read and write from the end; their folders are backward-1 and so on.
        report: told the number of the network, from 1, and how far it is.
    """
    import torch

    from morph.examples import ExampleBatches
    from morph.model import InflectionModel, loss
    from training.loop import fit

    trained = []
    for place in range(recipe.networks):
        settings = recipe.settings(place + recipe.networks * from_end, device, sides)
        torch.manual_seed(settings.seed)
        model = start[place] if start else InflectionModel(recipe.architecture(alphabet))
        batches = ExampleBatches(
            groups, alphabet, recipe.batch, settings.seed, recipe.temperature, from_end=from_end
        )
        with quick_multiplication():
            fitted = fit(
                model,
                batches,
                loss,
                settings,
                out=out and out / f"{'backward' if from_end else 'network'}-{place + 1}",
                identity={"architecture": model.architecture.to_json(), "data": data},
                progress=_numbered(report, settings.seed - recipe.seed + 1),
            )
        trained.append((model.eval(), fitted))
    return trained


@contextmanager
def quick_multiplication() -> Iterator[None]:
    """Matrices are multiplied in bfloat16 and summed in float32 while the block runs.

    On processors without bfloat16 instructions nothing changes. On one that has them training took
    two thirds of the time, with the same accuracy.
    """
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _numbered(
    report: Callable[[int, Progress], None] | None, number: int
) -> Callable[[Progress], None] | None:
    return None if report is None else lambda progress: report(number, progress)
