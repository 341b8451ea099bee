"""What is cheap to measure of a model and nobody has: pieces by language, gaps of its run, speed.

Each is a run of its own under --runs, kept for the next card.
"""

from __future__ import annotations

import time
from pathlib import Path

from data.access import Access
from data.corpus import find_corpus
from data.errors import KilolinguaError
from models.encoder import open_encoder
from probe.corpora import codes_in
from probe.cost import Cost, cost
from runfolder.folder import RunKind, run_folder, write_json
from trust.fairness.__main__ import fairness
from trust.fairness.config import Fairness
from trust.fairness.outcomes import scored_kind
from trust.model_card.facts import FAIRNESS, PIECES, SIZE, Card

SPEED = RunKind("trust.card", {"model": str, "texts": int}, ("scores.json",))
TEXTS, BATCHES, LEAST = 64, (1, 32), 1.0  # texts; at once; seconds of the processor a figure
SET = "sib200"
LIMIT = 200  # sentences of a language, for pieces


def measure(card: Card, runs: Path, access: Access) -> None:
    """Make the cheap ones of what a card lacks, and say what cannot be made."""
    lacking = {one.section for one in card.missing}
    where = f"{card.name}-{card.revision}"
    if PIECES in lacking:
        access.say(f"{card.name}: pieces by language")
        try:
            out = runs / f"probe-cost-{where}"
            lang = ",".join(_at_hand(card, access)) or "all"
            how = {"lang": lang, "limit": LIMIT, "offline": access.offline, "out": out}
            cost(Cost((card.model,), **how), access)  # type: ignore[arg-type]
        except KilolinguaError as error:
            access.say(f"{card.name}: pieces were not counted: {error}")
    run = Path(card.model)
    if FAIRNESS in lacking and run.is_dir() and scored_kind(run) is not None:
        access.say(f"{card.name}: gaps")
        try:
            fairness(
                Fairness(card.model, measures=("gaps",), out=runs / f"fairness-{where}"), access
            )
        except KilolinguaError as error:
            access.say(f"{card.name}: gaps were not measured: {error}")
    if any(one.section == SIZE for one in card.missing):
        access.say(f"{card.name}: speed")
        try:
            speed(card, runs / f"speed-{where}", access)
        except KilolinguaError as error:
            access.say(f"{card.name}: speed was not measured: {error}")


def _at_hand(card: Card, access: Access) -> list[str]:
    """The languages of the card that have sentences to count pieces of, English aside."""
    found = []
    for code in card.languages:
        try:
            found += codes_in(SET, code, access)
        except KilolinguaError:
            access.say(f"{card.name}: {SET} has no sentences in {code}")
    return list(dict.fromkeys(found))


def speed(card: Card, out: Path, access: Access) -> None:
    """Texts a second of the processor's time through the encoder, one by one and 32 at once."""
    texts = [one.text for one in find_corpus("sample:sw", access=access).records()][:TEXTS]
    texts = (texts * TEXTS)[:TEXTS]
    encoder = open_encoder(card.model, access=access, dtype="float32")
    identity = {"model": f"{card.name}@{card.revision}", "texts": TEXTS}
    with run_folder(SPEED, out.name, identity, out=out) as opened:
        found = {}
        for size in BATCHES:
            encoder.encode(texts[:size])  # the first pass opens what is opened late
            began, done = time.process_time(), 0
            while time.process_time() - began < LEAST:
                at = done % TEXTS
                done += len(encoder.encode(texts[at : at + size]))
            found[str(size)] = done / (time.process_time() - began)
        told = {"texts a second": found, "characters a text": sum(map(len, texts)) / len(texts)}
        write_json(opened.folder / "scores.json", told)
