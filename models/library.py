"""What the libraries that open models say when it goes wrong, in our words.

`LIBRARY_ERRORS` are what `transformers`, `tokenizers` and `ctranslate2` raise when the files of a
model do not fit together: a size that is no number, a class that another needs, a weight too few.
They check nothing themselves, so almost any error of Python can come out of them.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from typing import TypeVar

from data.errors import InputError, UnavailableError

T = TypeVar("T")

DEPRECATED = r"`\w+` is deprecated and will be removed"  # for those who write the calls

LIBRARY_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)


def opened(work: Callable[[], T], trouble: str, advice: str = "") -> T:
    """What `work` returns; an error of the library becomes one line.

    Args:
        work: asks the library.
        trouble: begins the message: `runs/sw: cannot be opened`; advice: its end, after "; ".

    Raises:
        InputError: the files are not what the library takes.
        UnavailableError: a package that the model needs is not installed.
    """
    try:
        return work()
    except (InputError, UnavailableError):
        raise
    except ImportError as error:
        raise UnavailableError(
            f"{trouble}: it needs a package that is not installed ({first_line(error)})"
        ) from error
    except LIBRARY_ERRORS as error:
        raise InputError(f"{trouble}: {first_line(error)}{advice}") from error
    except BaseException as error:
        if not _is_narrow(error):
            raise
        raise InputError(f"{trouble}: {first_line(error)}{advice}") from error


def _is_narrow(error: BaseException) -> bool:
    """Whether it is one of the errors that no class of Python's stands for.

    `tokenizers` raises a bare Exception, safetensors and huggingface_hub subclasses of it, and Rust
    that panics an error that is not even an Exception.
    """
    kind = type(error)
    return kind is Exception or kind.__module__.partition(".")[0] in (
        "huggingface_hub",
        "pyo3_runtime",
        "safetensors",
    )


def first_line(error: BaseException) -> str:
    """The first line of a library's message, or the error's name where it has none.

    A line that ends in a colon says nothing without those that follow.

    >>> first_line(ValueError("cannot read one of:\\n(1) a.json\\n(2) a.model"))
    'cannot read one of: (1) a.json (2) a.model'
    """
    lines = str(error).strip().splitlines()
    if not lines:
        return type(error).__name__
    line = " ".join(map(str.strip, lines)) if lines[0].rstrip().endswith(":") else lines[0]
    return line if len(line) <= 300 else line[:300] + "…"


def missing_package(error: ImportError, extra: str) -> UnavailableError:
    """The error for a package of an extra that is not installed, with the command to run."""
    return UnavailableError(
        f'the package "{error.name}" is not installed; run: pip install "kilolingua[{extra}]"'
    )


def quiet_transformers() -> None:
    """No progress bars and no advice on stderr from the library."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore", DEPRECATED, FutureWarning)
