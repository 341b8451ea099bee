"""Topics without a label of the language: what does text made from a lexicon add to English labels?

    python -m bench.topics --langs bam_Latn,wol_Latn
    python -m bench.topics --document docs/EXPANSION.md    # all languages; goes on where it stopped
    python -m bench.topics --table                         # run nothing: every language there is

SIB-200's languages of which GATITOS has a lexicon in their script. The encoder stays as it is; an
arm is a logistic regression on its vectors, whose penalty English dev texts choose (that on
n-grams is fixed):

| arm | learned from |
| --- | --- |
| english | the 701 English texts |
| said | these, and the same with the words replaced that the lexicon has |
| said alone | those with their words replaced |
| foreign | the English ones, and those said in another language, the one before in the alphabet |
| everyone | the English ones, and those said in every language: one head for all |
| letters | as english, by character n-grams: no encoder |
| letters, said | as said, by character n-grams |

No text of a language is read before it is scored. A language's result is a line of a file that is
kept, with what each arm got right, written when the language ends; vectors are kept under --out. A
seed draws other translations.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.continued_text import SIB, write_labelled
from bench.expansion import in_document
from bench.topics_table import EVERYONE, Line, by_language, read_lines, summary, write_lines
from data.access import Access
from data.catalog import dataset
from data.errors import InputError
from data.labelled import LabelledText
from data.languages import Match, resolve
from lexaug.config import PRESETS, SynthesisConfig
from lexaug.synthesize import synthesize
from models.encoder import Encoder, open_encoder
from training.classification.labelled import find_texts
from training.classification.logistic import DIMENSIONS, NGrams, fitted
from training.classification.scoring import best_head

LINES = Path(__file__).with_suffix(".jsonl")
LEXICON, MODEL, DOCUMENTED = "gatitos", "multilingual-e5-small", "topics"
NEAR = ("exact", "macrolanguage")  # how a lexicon's language is to fit
LETTERS_PENALTY = 1e-4  # of PENALTIES what dev chooses for English texts, with and without others
ACCESS = Access(offline=True)
Texts = Sequence[LabelledText]


def lexicon_of(language: str) -> Match | None:
    """The lexicon's code for a language of SIB-200; None where it has none in that script.

    >>> [match.code if (match := lexicon_of(code)) else None for code in ("bam_Latn", "ace_Arab")]
    ['bm', None]
    """
    found = resolve(language).closest([file.codes[1] for file in dataset(LEXICON).contents])
    return found if found and found.same_script and found.relation in NEAR else None


def languages() -> list[str]:
    """Those of SIB-200 at hand that have a lexicon, in alphabetical order."""
    every = (one.language for one in find_texts(f"{SIB}:test:all", access=ACCESS))
    return sorted(filter(lexicon_of, every))


def texts_of(name: str) -> Texts:
    """The texts of a labelled set or file."""
    return find_texts(name, access=ACCESS)[0].texts


def signs(labels: Sequence[str], texts: Texts) -> str:
    """1 for each text whose label is right, else 0.

    >>> signs(["sports", "health"], [LabelledText("goal", "sports"), LabelledText("law", "law")])
    '10'
    """
    return "".join(str(int(a == b.label)) for a, b in zip(labels, texts, strict=True))


@dataclass
class Bench:
    """What all languages share.

    Attributes:
        seen: the vector of every text so far, (width + 1,); the last number is 1.
    """

    out: Path
    preset: str
    seed: int
    seen: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    @cached_property
    def encoder(self) -> Encoder:
        """Opened when the first vector is asked for."""
        return open_encoder(MODEL, access=ACCESS)

    @cached_property
    def english(self) -> Texts:
        """The texts that have labels."""
        return self.seen_texts("english", texts_of(f"{SIB}:train:eng_Latn"))

    @cached_property
    def dev(self) -> Texts:
        """English ones, which choose the penalty."""
        return self.seen_texts("english-dev", texts_of(f"{SIB}:dev:eng_Latn"))

    def said(self, language: str) -> Texts:
        """The English texts with the words replaced that the lexicon has."""
        name = f"{language}-{self.preset}-{self.seed}"
        path, plain = self.out / "said" / f"{name}.tsv", self.out / "english.txt"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_labelled(f"{SIB}:train:eng_Latn", None, plain)
            made = self.out / "synthetic" / name
            synthesize(self._said_how(language, plain, made))
            write_labelled(f"{SIB}:train:eng_Latn", made, path)
        return self.seen_texts(name, texts_of(str(path)))

    def _said_how(self, language: str, plain: Path, made: Path) -> SynthesisConfig:
        match = lexicon_of(language)
        if match is None:
            raise InputError(f"--langs {language}: {LEXICON} has no lexicon of it; leave it out")
        return SynthesisConfig(
            match.code,
            str(plain),
            lexicon=LEXICON,
            preset=self.preset,
            keep_at_least=0,
            format="jsonl",
            seed=self.seed,
            offline=True,
            out=made,
        )

    def seen_texts(self, name: str, texts: Texts) -> Texts:
        """The texts themselves, once their vectors are known and kept under this name."""
        path = self.out / "vectors" / f"{name}.npy"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            plain = [one.text for one in texts]
            np.save(path, self.encoder.layers(plain, [self.encoder.depth])[0])
        rows = np.pad(np.load(path, allow_pickle=False), ((0, 0), (0, 1)), constant_values=1)
        self.seen.update(zip((one.text for one in texts), rows, strict=True))
        return texts

    def line(self, language: str, other: str) -> Line:
        """All arms of a language; `other` is that of the foreign text."""
        test = self.seen_texts(f"{language}-test", texts_of(f"{SIB}:test:{language}"))
        said, foreign = self.said(language), self.said(other)
        both = [*self.english, *said]
        plain = [one.text for one in test]
        found = {
            "english": self._by_vectors(self.english)(plain),
            "said": self._by_vectors(both)(plain),
            "said alone": self._by_vectors(said)(plain),
            "foreign": self._by_vectors([*self.english, *foreign])(plain),
            "letters": self._by_letters(self.english, plain),
            "letters, said": self._by_letters(both, plain),
        }
        right = {arm: signs(labels, test) for arm, labels in found.items()}
        unknown = round(100 * self.encoder.unknown(plain), 1)
        return Line(language, self.preset, self.seed, self.encoder.signature, unknown, right)

    def everyone(self, lines: Sequence[Line]) -> list[Line]:
        """The lines with one arm more: a head that learns from what is said in all languages."""
        said = [text for one in lines for text in self.said(one.language)]
        labels_of = self._by_vectors([*self.english, *said])
        found = []
        for one in lines:
            test = self.seen_texts(f"{one.language}-test", texts_of(f"{SIB}:test:{one.language}"))
            told = signs(labels_of([text.text for text in test]), test)
            found.append(replace(one, right=one.right | {EVERYONE: told}))
        return found

    def _by_vectors(self, training: Texts) -> Callable[[Sequence[str]], list[str]]:
        """What labels texts by a head on the standardised vectors of others."""
        labels = sorted({one.label for one in training})
        raw = np.stack([self.seen[one.text] for one in training])
        mean, spread = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-6)
        mean[-1], spread[-1] = 0, 1  # of the ones

        def scores(texts: Sequence[str]) -> Callable[[Any], Any]:
            found = torch.from_numpy(
                (np.stack([self.seen[text] for text in texts]) - mean) / spread
            )
            return lambda weights: found @ weights

        head = best_head(scores, raw.shape[1], labels, training, self.dev)
        return lambda asked: [labels[n] for n in scores(asked)(head).argmax(dim=1).tolist()]

    def _by_letters(self, training: Texts, asked: Sequence[str]) -> list[str]:
        """The labels of texts by a head on the character n-grams of others."""
        labels = sorted({one.label for one in training})
        ngrams = NGrams.of([one.text for one in training])
        learned = ngrams.scores([one.text for one in training])
        gold = [labels.index(one.label) for one in training]
        head = fitted(learned, DIMENSIONS + 1, gold, len(labels), LETTERS_PENALTY)
        return [labels[n] for n in ngrams.scores(asked)(head).argmax(dim=1).tolist()]


def run(bench: Bench, chosen: Sequence[str], path: Path) -> None:
    """Each language that has no line yet; its line is kept when it ends."""
    every = languages()
    for language in chosen or every:
        if language not in every:
            raise InputError(
                f"--langs {language}: expected languages of {SIB} with a lexicon in {LEXICON},"
                f" such as {', '.join(every[:3])}"
            )
        lines = read_lines(path)
        if any(one.key == (language, bench.preset, bench.seed) for one in lines):
            continue
        found = bench.line(language, every[every.index(language) - 1])
        write_lines(path, [*lines, found])
        print(f"{language}: " + ", ".join(f"{arm} {found.value(arm):.1f}" for arm in found.right))
    lines = read_lines(path)
    mine = [one for one in lines if one.key[1:] == (bench.preset, bench.seed)]
    if not chosen and not all(EVERYONE in one.right for one in mine):
        rest = [one for one in lines if one not in mine]
        write_lines(path, [*rest, *bench.everyone(mine)])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--langs", help="codes of SIB-200 with commas between (default: all)")
    add("--preset", choices=sorted(PRESETS), default="published", help="of lexaug.synthesize")
    add("--seed", type=int, default=1, help="of the translations that are drawn")
    add("--out", type=Path, default=Path("runs/topics"))
    add("--lines", type=Path, default=LINES, help="the results, a line a language")
    add("--document", type=Path, help="a Markdown file to put the summary into")
    add("--table", action="store_true", help="run nothing: the tables of what there is")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if not options.table:
        chosen = options.langs.split(",") if options.langs else []
        run(Bench(options.out, options.preset, options.seed), chosen, options.lines)
    lines = read_lines(options.lines)
    if options.document:
        in_document(options.document, DOCUMENTED, summary(lines))
    print(by_language(lines) + "\n" + summary(lines))


if __name__ == "__main__":
    main()
