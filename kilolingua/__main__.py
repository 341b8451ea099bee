"""The command `kilolingua`: every command of the house under one name.

    kilolingua eval --lang sw --shots 1
    kilolingua inflect --lang sw soma "V;IND;PST;NOM(3,SG,BANTU1);POS"
    kilolingua --version

`kilolingua eval ...` is the same as `python -m icl.eval ...`. A new command is a module with a
`main(argv)` and a row of COMMANDS.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "eval": ("icl.eval", "prompt a model to translate, and score it"),
    "compare": ("icl.compare", "is run B better than run A?"),
    "translate": ("icl.translate", "translate one sentence"),
    "merge": ("icl.merge", "shards of one evaluation into one run"),
    "export": ("icl.export", "a run's sentences for other people's tools"),
    "inventory": ("data.inventory.__main__", "what exists for every language"),
    "resources": ("data.resources.__main__", "what exists for one, and how large it is"),
    "catalog": ("data.catalog.__main__", "data sets and models: list, show, fetch, verify"),
    "lexicon": ("data.lexicon.__main__", "look into lexicons, convert them, measure coverage"),
    "uriel": ("data.uriel.__main__", "URIEL+ joined once, for distances of structure"),
    "word-lists": ("data.word_lists.__main__", "gendered pairs, professions; swap them in a text"),
    "lessons": ("icl.lessons", "pairs laid out as prompts with answers, to train a decoder on"),
    "generate": ("icl.generate", "English around a lexicon's words, by a model, for synthesize"),
    "synthesize": ("lexaug.synthesize", "text and labels from a lexicon"),
    "induce": ("lexaug.induce", "a lexicon from parallel text"),
    "inflect": ("morph.inflect.__main__", "forms, paradigms, analyses"),
    "analyse": ("morph.analyse.__main__", "lemma and features of forms, and of a text's words"),
    "train": ("morph.train", "an inflection model"),
    "evaluate-inflection": ("morph.evaluate.__main__", "accuracy of inflected forms"),
    "submit": ("morph.submit.__main__", "a shared task's files"),
    "extract": ("localize.extract", "the texts of documents in a table, and back"),
    "localize": ("localize.translate", "documents, with the project's own examples"),
    "pair": ("localize.pair", "parallel text out of documents and their translations"),
    "sync": ("localize.sync", "a translation kept in step with its source"),
    "worth": ("localize.score", "documents scored, and the work that they save"),
    "status": ("localize.status", "what of a translation is outdated or missing"),
    "tokenizer": ("training.tokenizer.__main__", "learn, extend or trim a tokenizer"),
    "pretrain": ("training.pretrain", "pretrain or adapt a language model"),
    "distil": ("training.distil", "a small model out of a big one"),
    "tag": ("training.tag", "train a tagger and score it on other languages"),
    "classify": ("training.classify", "train a classifier of texts: topics, sentiment"),
    "translator": ("training.translate", "train a translator of one's own"),
    "fairseq": ("training.fairseq.__main__", "data for fairseq"),
    "nlu": ("nlu.train", "train intents and slots, and score them on other languages"),
    "nlu-predict": ("nlu.predict", "intents and slots of texts, lines or JSON"),
    "nlu-stages": ("nlu.stages", "one report: what models are worth, and what they cost"),
    "nlu-evaluate": ("nlu.evaluate", "score predictions of intents and slots"),
    "nlu-submit": ("nlu.submit", "files for MMNLU-22 and xSID"),
    "nlu-sets": ("nlu.sets", "what sets of utterances hold, and what they share"),
    "self-learning": ("nlu.self_learning.__main__", "learn from users' rephrases"),
    "audit": ("trust.audit", "what a model gives away of its training data"),
    "agreement": ("trust.agreement", "do biases of representations go with those of answers?"),
    "card": ("trust.card", "one page a model: quality, cost, privacy, fairness, by language"),
    "fairness": ("trust.fairness.__main__", "what a model associates, and whom it serves worse"),
    "canaries": ("trust.canaries", "secrets planted in training data, for an audit to look for"),
    "federate": ("trust.federated", "train on many devices whose data stay there, simulated"),
    "retrieve": ("probe.retrieve", "does a sentence lie nearest to its translation?"),
    "cost": ("probe.cost", "what a language costs under a tokenizer"),
    "identify": ("probe.language", "is the language in a model's vectors, layer by layer?"),
    "picture": ("probe.project", "languages in a model's vectors, in two dimensions"),
    "kinship": ("probe.fit", "which kinship do similarities of languages follow?"),
    "app": ("app.__main__", "the app for linguists, in a browser"),
    "atlas": ("app.atlas.__main__", "a site without a server, a page a language"),
    "cache": ("kilolingua.cache", "what lies in the cache, and making room"),
    "bundle": ("kilolingua.bundle", "everything for a language, for a machine without network"),
    "completion": ("kilolingua.completion", "the script of a shell's Tab key: bash, zsh, fish"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Hand the rest of the line to the command that it names."""
    from data.cli import called_as, did_you_mean

    arguments = list(sys.argv[1:] if argv is None else argv)
    name = arguments[0] if arguments else "--help"
    if name in ("-h", "--help"):
        print(usage())
        return 0
    if name == "--version":
        from kilolingua import __version__

        print(f"kilolingua {__version__}")
        return 0
    if name not in COMMANDS:
        near = f"{did_you_mean(name, COMMANDS)}; see kilolingua --help"
        print(f'kilolingua: error: no command "{name}"{near}', file=sys.stderr)
        return 2
    with called_as(f"kilolingua {name}"):
        return int(import_module(COMMANDS[name][0]).main(arguments[1:]) or 0)


def usage() -> str:
    """The commands, a line each."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {about}" for name, (_, about) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: kilolingua COMMAND [OPTIONS]",
            "",
            "A research workbench for languages that models barely know.",
            "",
            *lines,
            "",
            "kilolingua COMMAND --help lists a command's options; kilolingua --version.",
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
