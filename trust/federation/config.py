"""What a federated run is asked for; the options of `python -m trust.federated`.

>>> Federated("topics", ("sib200:train:sw",), rounds=3).per_round
10
>>> Federated("topics", ("sib200:train:sw",), clients=4, per_round=10)
Traceback (most recent call last):
data.errors.InputError: --per-round 10: there are 4 clients; give at most 4, or more --clients
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError
from data.options import check, common, option
from models.encoder import POOLINGS
from training.private.options import Privacy, private_option
from training.settings import CHOICES, Settings, check_device
from trust.federation.compression import parse_step
from trust.federation.names import CLIENT, CORRECTED, DROP, ENCODER, KEEP, WEIGHTS
from trust.federation.partition import parse_partition
from trust.federation.selection import UNIFORM, parse_selection
from trust.federation.tasks import TASKS

Advance = Callable[[str, int, int], None]

CLIENTS, SERVER, UPDATES, TIME = "clients", "server", "what travels", "data over time"
RATES = {"fedopt-adam": 0.1, "fedopt-yogi": 0.01}  # as Flower's strategies have them; else 1


def task_names() -> Sequence[str]:
    """The tasks that there are."""
    return tuple(TASKS)


def server_names() -> Sequence[str]:
    """The servers that there are."""
    from trust.federation.server import SERVERS

    return tuple(SERVERS)


@dataclass(frozen=True, slots=True)
class Federated:
    """One run of `trust.federated.federate`.

    Attributes:
        train, test: sets as the task's own command names them, or LANG=NAME; by default some of
            the catalog in several languages (`trust.federation.tasks`).
        model: what clients begin with; None for random weights of `config`, with a `tokenizer`.
        freeze: "encoder": clients train the layers on top alone. Of texts the vectors are then
            computed once and kept.
        hidden: width of a layer between a text's vector and its labels; 0: there is none.
        partition: who has what (`trust.federation.partition`), a name and what stands behind it.
        select: who is asked in a round (`trust.federation.selection`).
        weights: of clients in the mean: "samples", "equal", or "corrected": what makes each example
            count once in the long run, whatever the selection favours.
        late: what becomes of the work that stragglers did not finish: kept as far as it came
            (FedProx), or dropped.
        server: what becomes of the clients' mean (`trust.federation.server`).
        periods: the data of a client arrive in so many parts, one after the other; `memory`: so
            many of the latest ones are there, older ones are deleted.
        compress: what clients do to their updates, in this order.
        masks: the server sees sums of clients alone (`trust.federation.masks`).
        dp_epsilon: the final model gives away so much of any client as a whole, at most.
    """

    task: str = option("intents", "what is learned", choices=task_names)
    train: tuple[str, ...] = option(
        (), "examples of the clients (default: the task's own)", metavar="NAMES", separator=","
    )
    test: tuple[str, ...] = option(
        (), "examples that are scored, by language", metavar="NAMES", separator=","
    )
    model: str | None = option(None, "what clients begin with", metavar="NAME")
    config: str | None = option(
        None, "random weights: encoder-nano, decoder-nano (default without --model)", metavar="NAME"
    )
    tokenizer: str | None = option(
        None, "of --config: a folder, or train:N (default train:2000, on all clients' texts)",
        metavar="FOLDER",
    )  # fmt: skip
    pooling: str = option("mean", "of the pieces' vectors, for texts", choices=POOLINGS)
    freeze: str | None = option(None, "clients train the layers on top alone", choices=(ENCODER,))
    hidden: int = option(0, "width of a layer before the labels of texts", least=0, most=8192)
    lora: int | None = option(None, "rank of adapters (peft), trained alone", least=1, most=1024)
    clients: int | None = option(
        None, "how many (default: 100, or one a language, dialect, person of a file)",
        metavar="N", least=1, most=10_000_000, group=CLIENTS,
    )  # fmt: skip
    partition: str = option(
        "quantity:1.0",
        "who has what: label:ALPHA, quantity:ALPHA, language[:ALPHA], dialect[:ALPHA], file:PATH",
        metavar="HOW",
        group=CLIENTS,
    )
    rounds: int = option(50, "of the server", least=1, metavar="N")
    per_round: int = option(10, "clients that are asked", least=1, metavar="N", group=CLIENTS)
    select: str = option(
        "uniform",
        "who is asked: uniform, activity, activity-power:P, loss",
        metavar="HOW",
        group=CLIENTS,
    )
    weights: str = option(CORRECTED, "of clients in the mean", choices=WEIGHTS, group=CLIENTS)
    dropouts: float = option(
        0.0, "share of those asked that never answer", least=0, most=1, group=CLIENTS
    )
    stragglers: float = option(
        0.0, "share that end their work too early", least=0, most=1, group=CLIENTS
    )
    late: str = option(KEEP, "what becomes of unfinished work", choices=(KEEP, DROP), group=CLIENTS)
    epochs: int = option(1, "over a client's examples, a round", least=1, most=1000, group=CLIENTS)
    batch_tokens: int = option(1024, "pieces a batch, padding included", least=8, group=CLIENTS)
    length: int = option(64, "pieces of an example that are seen", least=8, group=CLIENTS)
    optimizer: str = option("sgd", "of the clients", choices=CHOICES["optimizer"], group=CLIENTS)
    learning_rate: float = option(0.3, "of the clients", group=CLIENTS)
    server: str = option(
        "fedavg", "what becomes of the clients' mean", choices=server_names, group=SERVER
    )
    server_rate: float | None = option(
        None, "times the step (default: 1; fedopt-adam 0.1, fedopt-yogi 0.01)", group=SERVER
    )
    proximal: float = option(
        0.01, "how much fedprox holds clients back", least=0, metavar="MU", group=SERVER
    )
    periods: int = option(1, "in which the data arrive", least=1, most=10_000, group=TIME)
    memory: int = option(1, "periods whose data are there", least=1, most=10_000, group=TIME)
    compress: tuple[str, ...] = option(
        (), "updates: topk:SHARE, 8bit, or both", metavar="HOW", separator=",", group=UPDATES
    )
    masks: bool = option(False, "the server sees sums alone: masks that cancel", group=UPDATES)
    dp_epsilon: float | None = private_option("dp_epsilon")
    dp_delta: float = private_option("dp_delta")
    dp_clip: str = private_option("dp_clip")
    dp_accountant: str = private_option("dp_accountant")
    dp_secure: bool = private_option("dp_secure")
    evaluate_every: int = option(5, "rounds; 0 for the last alone", least=0, metavar="N")
    checkpoint_every: int = option(
        20, "clients; a killed run goes on from there", least=1, metavar="N", identity=False
    )
    flower: Path | None = option(
        None, "write a Flower app of this run there, and train nothing", metavar="FOLDER",
        identity=False,
    )  # fmt: skip
    workers: int = common("--workers", 1, least=1, most=1024, identity=False)
    device: str = common("--device", "cpu", identity=False)
    limit: int | None = common("--limit", least=1, help="so many examples of a set, drawn by seed")
    seed: int = common("--seed")
    out: Path | None = common("--out", identity=False)
    offline: bool = common("--offline", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is opened."""
        check(self)
        check_device(self.device)
        parse_partition(self.partition)
        parse_selection(self.select)
        self._check_compress()
        self._check_model()
        if self.clients is not None:
            self.check_clients(self.clients)
        if self.memory > self.periods:
            raise InputError(f"--memory {self.memory}: there are {self.periods} --periods; give at"
                             f" most {self.periods}")  # fmt: skip
        if self.periods > self.rounds:
            raise InputError(
                f"--periods {self.periods}: expected at most one a round, found {self.rounds}"
                " --rounds; give more rounds"
            )
        if self.server == "scaffold" and self.optimizer != "sgd":
            raise InputError(
                f"--server scaffold corrects plain gradients: give --optimizer sgd, not"
                f" {self.optimizer}"
            )
        if self.server_rate is not None and not 0 < self.server_rate < 1e6:
            raise InputError(f"--server-rate {self.server_rate}: expected a number above 0")
        self.settings(1, 0)
        self._check_privacy()

    def check_clients(self, number: int) -> None:
        """Refuse more clients a round than there are.

        Raises:
            InputError: says how many there are.
        """
        if self.per_round > number:
            raise InputError(
                f"--per-round {self.per_round}: there {'is' if number == 1 else 'are'} {number:,}"
                f" client{'' if number == 1 else 's'}; give at most {number:,}, or more --clients"
            )

    def _check_compress(self) -> None:
        for one in self.compress:
            parse_step(one)

    def _check_model(self) -> None:
        if self.model and (self.config or self.tokenizer):
            raise InputError(
                "--config and --tokenizer are for random weights; a --model has its own: leave"
                " them out"
            )
        if self.freeze and self.lora:
            raise InputError("--lora leaves the encoder as it is already; leave --freeze out")
        if self.freeze and not self.model:
            raise InputError("--freeze encoder needs a --model whose encoder has learned something")
        if self.hidden and self.task != "topics":
            raise InputError("--hidden is of --task topics; leave it out")

    def _check_privacy(self) -> None:
        if self.dp_epsilon is None:
            for name in ("dp_clip", "dp_accountant", "dp_delta", "dp_secure"):
                if getattr(self, name) != type(self).__dataclass_fields__[name].default:
                    flag = "--" + name.replace("_", "-")
                    raise InputError(f"{flag} needs --dp-epsilon; give it, or leave {flag} out")
            return
        assert self.privacy is not None  # noqa: S101  # its own checks are made
        if self.select != UNIFORM:
            raise InputError(
                f"--select {self.select} does not go with --dp-epsilon: the bound counts on clients"
                " that are drawn alike; give --select uniform"
            )
        if self.server == "scaffold":
            raise InputError("--server scaffold does not go with --dp-epsilon: its corrections are"
                             " a second thing that clients send; give fedavg")  # fmt: skip
        if self.privacy.clip.startswith("layer:"):
            raise InputError(f"--dp-clip {self.dp_clip}: of an update as a whole; leave layer: out")

    @property
    def privacy(self) -> Privacy | None:
        """The guarantee that is asked for, of a client as a whole, or None."""
        if self.dp_epsilon is None:
            return None
        return Privacy(
            self.dp_epsilon,
            self.dp_delta,
            self.dp_clip,
            unit=CLIENT,
            batch=self.per_round,
            accountant=self.dp_accountant,
            secure=self.dp_secure,
        )

    @property
    def rate(self) -> float:
        """Of the server."""
        return RATES.get(self.server, 1.0) if self.server_rate is None else self.server_rate

    def settings(self, steps: int, seed: int) -> Settings:
        """Those of the loop for the work of a client; also those of central training.

        Raises:
            InputError: a value that cannot be; the message names the option.
        """
        return Settings(
            steps=steps,
            learning_rate=self.learning_rate,
            schedule="constant",
            warmup=0,
            optimizer=self.optimizer,  # type: ignore[arg-type]  # `check` has seen to it
            betas=(0.9, 0.98),
            dtype="float32",
            device=self.device,
            seed=seed,
            log_every=0,
            checkpoint_every=0,
        )
