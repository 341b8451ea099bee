"""A tagger that is there, scored with a label dictionary beside it: a cell of `bench.expansion`.

    python -m bench.expansion_beside RUN TEST OUT DTYPE SOURCE DRAW [DRAW ...]

OUT gets model/ (RUN's weights, linked, and the dictionary), predictions/ and scores.json, as a run
of training.tag has them, so that it can be a teacher. SOURCE is the labelled set that RUN was
trained on, whose labels' shares smooth the dictionary; DRAWs are pseudo-labelled.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.expansion_transfer import WEIGHT
from data.access import Access
from data.files import write_whole
from data.tagged import write_tagged
from training.tagging.dictionary import Dictionary
from training.tagging.labelled import file_name, find_labelled, scheme_of
from training.tagging.scoring import BASELINE, MODEL, Frequencies, scored
from training.tagging.tagger import load_tagger


def main(argv: Sequence[str] | None = None) -> None:
    """Score and write."""
    run, name, out, dtype, source, *draws = argv or sys.argv[1:]
    access, folder = Access(offline=True), Path(out)
    test, own, *made = (find_labelled(one, access=access) for one in (name, source, *draws))
    pairs = [(one.tokens, one.tags) for listed in made for one in listed.sentences]
    known = [(one.tokens, one.tags) for one in own.sentences]
    tagger = load_tagger(run)
    overall = Counter(tag for _, tags in known for tag in tags)
    beside = Dictionary.of(pairs, tagger.labels, overall, WEIGHT)
    tagger = replace(tagger, dictionary=beside, dtype=dtype)
    model = folder / "model"
    shutil.rmtree(model, ignore_errors=True)
    shutil.copytree(Path(run) / "model", model, copy_function=os.link)
    beside.save(model)
    words, gold = [one.tokens for one in test.sentences], [one.tags for one in test.sentences]
    found = tagger.tag(words)
    pairs_found = zip(test.sentences, found, strict=True)
    write_tagged(
        folder / "predictions" / file_name(name),
        (replace(one, tags=tuple(tags)) for one, tags in pairs_found),
        keep_replacement=True,
    )
    scheme = scheme_of([test, own, *made], None)
    told = {"test": name, "sha256": test.sha256[:16]}
    free = Frequencies.of([*known, *pairs]).tag(words)
    results = [
        scored(name, MODEL, gold, found, scheme, {**told, "model": folder.name}),
        scored(name, BASELINE, gold, free, scheme, told),
    ]
    write_whole(folder / "scores.json", json.dumps({"results": results}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
