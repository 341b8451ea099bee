"""A trained translator, ready to use: `load_translator(folder).translate(texts, "sw", "en")`.

ctranslate2 searches, with beams; the model's folder is converted for it once and kept in the cache.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from data.access import Access
from data.errors import InputError, UnavailableError
from data.languages import resolve
from models.config import context_length
from models.conversion import for_ctranslate2
from models.library import first_line, missing_package
from models.resolve import Model, resolve_model
from models.tokenizer import open_fast_tokenizer
from training.translation.batches import Ends
from training.translation.network import Coder, check_sequence, tag_of

LONGEST = 256  # pieces that are written at most
PIECES = 2048  # of a batch


@dataclass(frozen=True)
class Translator:
    """A translator that `training.translate` trained, or any other that knows languages by tags.

    Attributes:
        model: name, revision, folder.
        dtype: of the multiplications, as ctranslate2 names them: float32, int8, bfloat16.
    """

    model: Model
    access: Access = Access()
    dtype: str = "float32"

    @cached_property
    def coder(self) -> Coder:
        """From texts to ids."""
        reads = context_length(self.model.folder) or LONGEST * 4
        return Coder(open_fast_tokenizer(self.model.folder, self.access), Ends(0, 0), reads)

    @cached_property
    def _runner(self) -> Any:
        try:
            import ctranslate2
        except ImportError as error:
            raise missing_package(error, "cpu") from error
        name = self.model.name
        folder = for_ctranslate2(self.model.folder, self.model.revision, name, self.access)
        replicas = int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))
        try:
            return ctranslate2.Translator(
                str(folder), compute_type=self.dtype, inter_threads=replicas, intra_threads=1
            )
        except ValueError as error:
            raise InputError(f"--dtype {self.dtype}: {first_line(error)}") from error

    def check(self, *languages: str) -> None:
        """Raise `InputError` for a language that the model has no tag for."""
        for language in languages:
            self.coder.tag(resolve(language).bcp47)

    def translate(
        self, texts: Sequence[str], source: str, target: str, *, beam: int = 1
    ) -> list[str]:
        """The translations of texts, one each; of a text without a character the empty one.

        Args:
            source, target: languages, by any code or name.
            beam: width of the search; 1 takes the likeliest piece each time, 5 is usual.

        Raises:
            InputError: a language that the model does not know; a text that is too long for it.
            UnavailableError: ctranslate2 is not installed; it failed.
        """
        left, right = resolve(source).bcp47, resolve(target).bcp47
        known = self.coder.tokenizer.get_vocab()
        self.coder.tag(right)
        rows = self.coder.sources(texts, left, tagged=False)
        self._check_lengths(rows, texts)
        asked = [number for number, text in enumerate(texts) if text.strip()]
        pieces = [self.coder.tokenizer.convert_ids_to_tokens(rows[number]) for number in asked]
        prefix = [tag_of(right, known)]
        try:
            found = self._runner.translate_batch(
                pieces,
                target_prefix=[prefix] * len(pieces),
                beam_size=beam,
                max_input_length=0,
                max_decoding_length=min(LONGEST, self.coder.longest - 2),
                max_batch_size=PIECES,
                batch_type="tokens",
            )
        except RuntimeError as error:
            raise UnavailableError(f"{self.model.name}: {first_line(error)}") from error
        made = [""] * len(texts)
        for number, result in zip(asked, found, strict=True):
            made[number] = self._text(result.hypotheses[0])
        return made

    def _check_lengths(self, rows: Sequence[Sequence[int]], texts: Sequence[str]) -> None:
        for row, text in zip(rows, texts, strict=True):
            if len(row) > self.coder.longest:
                raise InputError(
                    f"text of {len(text):,} characters: expected {self.coder.longest:,} pieces at"
                    f" most, found {len(row):,}; give sentences one by one"
                )

    def _text(self, pieces: Sequence[str]) -> str:
        tokenizer = self.coder.tokenizer
        ids = tokenizer.convert_tokens_to_ids(list(pieces))
        text = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return " ".join(str(text).split())


def load_translator(
    name: str | Path, access: Access = Access(), dtype: str = "float32"
) -> Translator:
    """The translator of a run of `training.translate`, its model/, or any folder or catalog name.

    Raises:
        InputError: no such model, or one that is no encoder-decoder.
        UnavailableError: the model cannot be had.
    """
    model = resolve_model(str(name), access)
    check_sequence(model.folder, str(name))
    return Translator(model, access, dtype)
