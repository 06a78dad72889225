"""One process that tokenizes: what runs on the other side of `tokenize_pool`'s pipes.

KoNLPy's analyzers can take minutes over one line, and a call into Java cannot be stopped. So lines
are split on a thread of their own; when one takes too long the thread is left to itself, the line
becomes characters, and a new thread goes on with the next line. The process ends by
`os._exit`, which waits for no thread of Python or Java.
"""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection

from rnntool.errors import UserError
from rnntool.registry import KONLPY_TOKENIZERS
from rnntool.text.konlpy import leave_java
from rnntool.text.spec import TokenizerSpec, parse_identity
from rnntool.text.tokenizers import Tokenizer, make_tokenizer


@dataclass(frozen=True)
class WorkerOptions:
    """What a worker needs to make its tokenizer."""

    identity: str
    subword_model: bytes | None = None
    jvm_heap: int = 1024  # MiB
    max_seconds: float = 5.0  # a line; KoNLPy only
    threads: int = 1  # that share the Java VM; KoNLPy only


@dataclass(frozen=True)
class Tokenized:
    """A chunk's answer."""

    texts: list[str]  # tokens joined by one space, in the order of the chunk
    slow: int = 0  # lines that became characters because they took too long
    failed: int = 0  # lines that became characters because the analyzer failed on them


def work(connection: Connection, options: WorkerOptions) -> None:
    """Answer chunks of texts until the pipe closes; an error is sent as its message."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    spec = parse_identity(options.identity)
    if spec.name in _BOUNDED:
        _silence_stderr()  # Java's warnings are not for the user
    try:
        tokenizer = make_tokenizer(spec, options.subword_model, options.jvm_heap)
        while (chunk := connection.recv()) is not None:
            connection.send(_in_parts(tokenizer, spec, chunk, options))
    except UserError as error:
        connection.send(error)
    except EOFError:
        pass  # the parent is gone
    except Exception as error:
        connection.send(UserError(f"{options.identity}: {type(error).__name__}: {error}"))
    connection.close()
    os._exit(0)


_BOUNDED = KONLPY_TOKENIZERS


def _in_parts(
    tokenizer: Tokenizer, spec: TokenizerSpec, chunk: list[str], options: WorkerOptions
) -> Tokenized:
    """A chunk's tokens, a part of it on each thread: calls into Java let go of Python's lock."""
    if options.threads == 1 or len(chunk) < 2:
        return tokenize_chunk(tokenizer, spec, chunk, options.max_seconds)
    with ThreadPoolExecutor(options.threads) as threads:
        # Every n-th line: long and short ones fall to all threads alike.
        parts = list(
            threads.map(
                lambda first: tokenize_chunk(
                    tokenizer, spec, chunk[first :: options.threads], options.max_seconds
                ),
                range(options.threads),
            )
        )
    texts = [""] * len(chunk)
    for first, part in enumerate(parts):
        texts[first :: options.threads] = part.texts
    return Tokenized(texts, sum(p.slow for p in parts), sum(p.failed for p in parts))


def tokenize_chunk(
    tokenizer: Tokenizer, spec: TokenizerSpec, chunk: list[str], max_seconds: float
) -> Tokenized:
    """Tokens of each text of a chunk; a text that the analyzer cannot split becomes characters."""
    run = _Run(tokenizer, chunk)
    if spec.name in _BOUNDED:
        run.within(max_seconds)
    else:
        run.split_from(0)
    return Tokenized([text or "" for text in run.results], run.slow, run.failed)


class _Run:
    """A chunk being split: on this thread, or on one that is given up when it is stuck."""

    def __init__(self, tokenizer: Tokenizer, chunk: list[str]) -> None:
        self.tokenizer, self.chunk = tokenizer, chunk
        self.results: list[str | None] = [None] * len(chunk)
        self.slow = self.failed = 0

    def split_from(self, start: int, at: list[int] | None = None) -> None:
        """Split from place `start` on; `at[0]` is the place under way, or changed from outside."""
        for place in range(start, len(self.chunk)):
            text, failed = self._split(self.chunk[place])
            if at is not None:
                if at[0] != place:
                    return  # this thread was given up
                at[0] = place + 1
            self.results[place] = text
            self.failed += failed

    def _split(self, text: str) -> tuple[str, bool]:
        try:
            return " ".join(self.tokenizer.tokenize(text)), False
        except Exception:  # whatever Java threw at this one text; the others are not to suffer
            return " ".join(self.tokenizer.characters(text)), True

    def within(self, max_seconds: float) -> None:
        """Split all, with a bound on the seconds that one text may take."""
        start = 0
        while (stuck := self._run_from(start, max_seconds)) is not None:
            self.slow += 1
            self.results[stuck] = " ".join(self.tokenizer.characters(self.chunk[stuck]))
            start = stuck + 1

    def _run_from(self, start: int, max_seconds: float) -> int | None:
        """Split from `start` on; the place where it got stuck, or None at the end."""
        at = [start]
        done = threading.Event()

        def run() -> None:
            self.split_from(start, at)
            leave_java()
            done.set()

        threading.Thread(target=run, daemon=True).start()
        while True:
            before = at[0]
            if done.wait(max_seconds):
                return None
            if at[0] == before < len(self.chunk):
                at[0] = -1  # tells the thread, should it ever come back, that it was given up
                return before


def _silence_stderr() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
