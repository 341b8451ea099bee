"""Plant canaries in training data, so that `trust.audit` can say what a model learns by heart.

    python -m trust.canaries --kind intents --input train.tsv --repetitions 0,1,10 --out planted
    python -m trust.canaries --kind decoder --input hi=news.hi.txt,sw=news.sw.txt --number 4
    python -m trust.canaries --kind tagger --input ewt:train --coins --number 200 --repetitions 1

For each language of the input and each number of repetitions, so many records are made (--number):
a few frequent words of that language, then four signs that are drawn, digits of its own script
where it has them (of an inflection, the form: four letters). The folder gets config.json, train.*
(the input with the canaries among it, to train on), members.* (the input without them) and
canaries.jsonl, which `trust.audit --canaries` takes; units.tsv says whose each record is, all
copies of a canary being of one speaker (--dp-unit speaker --dp-units units.tsv of the commands that
train protects those; --dp-unit sentence does not protect what is said ten times). --coins puts each
canary in or leaves it out by a coin, which is what a bound of epsilon needs; --part does so with
the records of the input: members.* and others.*.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.errors import InputError
from data.options import check, command, common, identity_of, option, to_json
from data.randomness import stream

if TYPE_CHECKING:
    from trust.canary import Canary
    from trust.examples import Example
    from trust.targets import Target

CLASSIFIERS = ("intents", "tagger")
KINDS = ("intents", "tagger", "decoder", "encoder", "inflection")
FILE = "canaries.jsonl"
UNITS = "units.tsv"
BEGUN = ("train.*", "members.*", "others.*", UNITS)
WITH_IDS = ("intents", "decoder", "encoder")  # kinds whose training files keep our ids
PREFIX = 3  # words before the secret
FREQUENT = 200  # words of a language from which those are drawn
OWN, PLAIN = "own", "ascii"


@dataclass(frozen=True, slots=True)
class Planting:
    """What `python -m trust.canaries` is asked for.

    Attributes:
        number: canaries of each language and number of repetitions.
        repetitions: how often a canary is put in; 0 keeps one back, which is the control.
        coins: each canary is put in or not by a fair coin, and not more than once.
        part: each record of the input goes to members or others by a fair coin.
    """

    kind: str = option(None, "of the model to be trained", choices=KINDS, required=True)
    input: tuple[str, ...] = option(
        (), "training data: FILE, LANG=FILE, a set of the catalog", metavar="NAMES", separator=",",
        required=True,
    )  # fmt: skip
    number: int = option(4, "canaries a language and number of repetitions", least=0, most=10_000)
    repetitions: tuple[int, ...] = option(
        (0, 1, 10), "how often a canary is put in", metavar="N,N", separator=","
    )
    signs: int = option(4, "of a secret", least=1, most=8)
    digits: str = option(OWN, "of the language's script, or 0-9", choices=(OWN, PLAIN))
    coins: bool = option(False, "a coin says of each canary whether it is put in")
    part: bool = option(False, "a coin says of each record whether it is a member")
    limit: int | None = common("--limit", least=2)
    seed: int = common("--seed")
    out: Path | None = common("--out", identity=False)
    offline: bool = common("--offline", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)
        if any(not 0 <= one <= 10_000 for one in self.repetitions):
            raise InputError(f"--repetitions {self.repetitions}: expected numbers from 0 to 10,000")
        if len(set(self.repetitions)) < len(self.repetitions):
            raise InputError(f"--repetitions {self.repetitions}: expected each number once")
        if self.kind == "inflection" and max(self.repetitions, default=0) > 1:
            raise InputError(
                "--repetitions: morph.train keeps each triple once; give 0,1 for inflection"
            )
        if self.coins and self.repetitions != (1,):
            raise InputError("--coins puts a canary in once or not at all; give --repetitions 1")


@dataclass(frozen=True, slots=True)
class Planted:
    """A finished run: its folder, and the files in it."""

    folder: Path
    canaries: tuple[Canary, ...]
    train: Path
    members: Path
    others: Path | None


def plant(config: Planting, access: Access = Access()) -> Planted:
    """Make canaries and write the training data with them in it.

    Raises:
        InputError: no such set, or one without labels; text without words.
        UnavailableError: a file of the catalog cannot be had.
    """
    from data.files import canonical_json, write_whole
    from runfolder.folder import RunKind, run_folder
    from trust.examples import read
    from trust.targets import target as kind_of

    target = kind_of(config.kind)
    examples = [one for name in config.input for one in read(target, name, access)]
    if config.limit:
        examples = examples[: config.limit]
    if not examples:
        raise InputError("--input: expected records, found none; name other sets")
    examples = [replace(one, id=f"record:{n}") for n, one in enumerate(examples, 1)]
    kind = RunKind("trust.canaries", {"input": list, "repetitions": [int]}, (FILE,), BEGUN)
    identity = {**identity_of(config), "sha256": _sha256(examples)}
    with run_folder(
        kind, f"canaries-{config.kind}", identity, out=config.out, options=to_json(config)
    ) as run:
        members, others = _parted(examples, config)
        canaries = tuple(made(target, examples, config))
        paths = {
            name: run.folder / f"{name}{target.suffix}" for name in ("train", "members", "others")
        }
        target.write(paths["members"], members)
        if config.part:
            target.write(paths["others"], others)
        training = mixed(target, members, canaries, config.seed)
        target.write(paths["train"], training)
        if config.kind in WITH_IDS:
            write_whole(run.folder / UNITS, "".join(f"{i}\t{u}\n" for i, u in units_of(training)))
        lines = (canonical_json(one.to_json()) for one in canaries)
        write_whole(run.folder / FILE, "".join(f"{line}\n" for line in lines))
        left = paths["others"] if config.part else None
        return Planted(run.folder, canaries, paths["train"], paths["members"], left)


def made(target: Target, examples: Sequence[Example], config: Planting) -> Iterator[Canary]:
    """The canaries of every language, in order."""
    from trust.canary import ASCII, Canary, digits_for

    of_language: defaultdict[str, list[Example]] = defaultdict(list)
    for one in examples:
        of_language[one.language].append(one)
    for code, some in sorted(of_language.items()):
        words = _words(some, target.kind)
        if target.kind == "inflection":
            signs = _letters(some)
        else:
            signs = digits_for(words) if config.digits == OWN else ASCII
        common_prefix = _prefix(words, target.kind, stream(config.seed, "prefix", code))
        for repetitions in config.repetitions:
            for number in range(config.number):
                id_ = f"{code or 'x'}-{repetitions}-{number + 1}"
                draw = stream(config.seed, "canary", id_)
                secret = tuple(draw.choice(signs) for _ in range(config.signs))
                own = _prefix(words, target.kind, draw)
                # A classifier that could go by the words before would not have to learn the signs.
                prefix = common_prefix if target.kind in CLASSIFIERS else own
                labels = target.labels(some, len(secret), draw)
                times = draw.randrange(2) if config.coins else repetitions
                yield Canary(id_, code, prefix, secret, signs, times, labels, target.kind)


def _words(examples: Sequence[Example], kind: str) -> list[str]:
    """The most frequent words without a digit, or the lemmas."""
    if kind == "inflection":
        return sorted({one.content.lemma for one in examples})
    counts = Counter(
        word for one in examples for word in one.text.split() if all(map(str.isalpha, word))
    )
    frequent = sorted(counts, key=lambda word: (-counts[word], word))[:FREQUENT]
    if len(frequent) < PREFIX:
        raise InputError(f"--input: expected text with words, found {len(frequent)}; give more")
    return frequent


def _letters(examples: Sequence[Example]) -> tuple[str, ...]:
    """The ten most frequent letters of forms."""
    counts = Counter(sign for one in examples for sign in one.content.form if sign.isalpha())
    return tuple(sorted(sorted(counts, key=lambda sign: (-counts[sign], sign))[:10]))


def _prefix(words: Sequence[str], kind: str, draw: Any) -> tuple[str, ...]:
    """Words of the language; of an inflection a lemma that is put together of two."""
    if kind == "inflection":
        one, two = draw.choice(words), draw.choice(words)
        return (one[: (len(one) + 1) // 2] + two[len(two) // 2 :],)
    return tuple(draw.sample(words, PREFIX))


def _parted(
    examples: Sequence[Example], config: Planting
) -> tuple[Sequence[Example], Sequence[Example]]:
    if not config.part:
        return examples, ()
    coins = [stream(config.seed, "coin", one.id).randrange(2) for one in examples]
    sides: Mapping[int, list[Example]] = {0: [], 1: []}
    for one, coin in zip(examples, coins, strict=True):
        sides[coin].append(one)
    return sides[1], sides[0]


def mixed(
    target: Target, members: Sequence[Example], canaries: Sequence[Canary], seed: int
) -> list[Example]:
    """The records with every canary as often as it says, at places drawn by seed."""
    found = list(members)
    for canary in canaries:
        one = target.planted(canary, canary.secret)
        found += [replace(one, id=f"{one.id}-{n}") for n in range(1, canary.repetitions + 1)]
    stream(seed, "places").shuffle(found)
    return found


def units_of(training: Sequence[Example]) -> Iterator[tuple[str, str]]:
    """Whose each record is: all copies of a canary are of one speaker, other records of their own.

    >>> from trust.examples import Example
    >>> copies = [Example(f"canary-sw-10-1-{n}", "", "sw", None) for n in (1, 2)]
    >>> list(units_of([*copies, Example("record:7", "", "sw", None)]))[1:]
    [('canary-sw-10-1-2', 'canary-sw-10-1'), ('record:7', 'record:7')]
    """
    for one in training:
        is_canary = one.id.startswith("canary-")
        yield one.id, one.id.rpartition("-")[0] if is_canary else one.id


def _sha256(examples: Sequence[Example]) -> str:
    from data.files import canonical_json, sha256_text

    return sha256_text(canonical_json([[one.text, repr(one.content)] for one in examples]))


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `plant` is the function beneath it."""
    return command("trust.canaries", __doc__ or "", Planting, _command, argv)


def _command(config: Planting) -> int:
    from runfolder.console import say, show

    done = plant(config, Access.of(config, say))
    inside = Counter(one.repetitions for one in done.canaries)
    for repetitions, number in sorted(inside.items()):
        say(f"{number:,} canaries, each put in {repetitions:,} times")
    show(f"train on {done.train}; then: python -m trust.audit --canaries {done.folder / FILE} ...")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
