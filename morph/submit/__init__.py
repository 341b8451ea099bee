"""A shared task's files: predicted, checked line by line, written.

    submit(SubmissionConfig(system="kilo-1", engine="both", folder=Path("runs"), out=Path("in")))

`python -m morph.submit` (`morph.submit.__main__`) is the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from morph.submit.submission import Submission
    from morph.submit.tasks import SubmissionConfig


def submit(config: SubmissionConfig, say: Callable[[str], None] | None = None) -> Submission:
    """Predict, check and write a submission.

    Args:
        say: called with one line before each language.

    Raises:
        InputError: a wrong option; `out` holds something; a predictor's line that does not fit.
        UnavailableError: a file cannot be had, or the disk is full.
    """
    from morph.submit.submission import prepare, write

    return write(prepare(config, say or (lambda _: None)))
