"""One worker process of `tokenize_pool`: it tokenizes what comes through its pipe.

The main thread reads chunks and other threads split them, so the two ends of the pipe can never
block each other. With Java, several threads split at the same time.

KoNLPy's analyzers can take minutes for one line, and a call into Java cannot be stopped. So lines
are split on a separate thread. If a line takes too long, the thread is abandoned, the line becomes
characters, and a new thread continues with the next line. The process ends by `os._exit`, which
waits for no thread of Python or Java.
"""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnntool.errors import UserError
from rnntool.registry import KONLPY_TOKENIZERS
from rnntool.text.spec import TokenizerSpec, parse_identity
from rnntool.text.tokenizers import make_tokenizer
from rnntool.text.tokens import Tokenizer

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


@dataclass(frozen=True)
class WorkerOptions:
    """What a worker needs to make its tokenizer."""

    identity: str
    subword_model: bytes | None = None
    jvm_heap: int = 1024  # MiB
    max_seconds: float = 5.0  # per line; KoNLPy only
    threads: int = 1  # threads that share the Java VM; KoNLPy only
    texts: int | None = None  # how many will come, where this is known


@dataclass(frozen=True)
class Tokenized:
    """The tokens of a chunk."""

    texts: list[str]  # tokens joined by one space, in the order of the chunk
    slow: int = 0  # lines that became characters because they took too long
    failed: int = 0  # lines that became characters because the analyzer failed on them


def work(connection: Connection, options: WorkerOptions) -> None:
    """Tokenize numbered chunks of texts until the pipe closes; an error is sent as its message."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    spec = parse_identity(options.identity)
    if spec.name in _BOUNDED:
        _silence_stderr()  # Java's warnings are not for the user
    answers = _Answers(connection)
    try:
        model, heap = options.subword_model, options.jvm_heap
        tokenizer = make_tokenizer(spec, model, heap, options.texts)
        gc.freeze()  # JPype collects Python's garbage after each of Java's collections
        chunks: _Chunks = queue.SimpleQueue()
        for _ in range(options.threads):
            arguments = (chunks, answers, tokenizer, options)
            threading.Thread(target=_answer, args=arguments, daemon=True).start()
        while True:
            chunks.put(connection.recv())
    except UserError as error:
        answers.send(error)
    except EOFError:
        pass  # the parent needs no more answers, or has ended
    except Exception as error:
        answers.send(UserError(f"{options.identity}: {type(error).__name__}: {error}"))
    os._exit(0)


_BOUNDED = KONLPY_TOKENIZERS
_Chunks = queue.SimpleQueue[tuple[int, list[str]]]


class _Answers:
    """The pipe to the parent, used by one thread at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._lock = connection, threading.Lock()

    def send(self, answer: tuple[int, Tokenized] | UserError) -> None:
        # The parent has ended; the main thread notices this and ends the process.
        with self._lock, contextlib.suppress(BrokenPipeError, ConnectionError):
            self._connection.send(answer)


def _answer(
    chunks: _Chunks, answers: _Answers, tokenizer: Tokenizer, options: WorkerOptions
) -> None:
    """Tokenize chunks one after another; calls into Java release Python's lock."""
    spec = parse_identity(options.identity)
    while True:
        number, texts = chunks.get()
        try:
            answers.send((number, tokenize_chunk(tokenizer, spec, texts, options.max_seconds)))
        except Exception as error:
            answers.send(UserError(f"{options.identity}: {type(error).__name__}: {error}"))


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
    """A chunk being split, on this thread or on one that is abandoned when it takes too long."""

    def __init__(self, tokenizer: Tokenizer, chunk: list[str]) -> None:
        self.tokenizer, self.chunk = tokenizer, chunk
        self.together: int = getattr(tokenizer, "together", 1)
        self.alone = 0  # texts before this index are split one by one
        self.results: list[str | None] = [None] * len(chunk)
        self.slow = self.failed = 0

    def split_from(self, start: int, at: list[int] | None = None) -> None:
        """Split from index `start` on; `at[0]` is the current index; the caller may change it."""
        place = start
        while place < len(self.chunk):
            stop = min(len(self.chunk), place + self._step(place))
            texts, failed = self._split_some(self.chunk[place:stop])
            if at is not None:
                if at[0] != place:
                    return  # this thread was abandoned
                at[0] = stop
            self.results[place:stop] = texts
            self.failed += failed
            place = stop

    def _step(self, place: int) -> int:
        """How many texts are split together from an index on."""
        return 1 if place < self.alone else self.together

    def _split_some(self, texts: list[str]) -> tuple[list[str], int]:
        """Tokens of texts, and how many of those could not be split."""
        if len(texts) > 1:
            # If one text fails, the whole call fails: then they are split one by one below.
            with contextlib.suppress(Exception):
                many = self.tokenizer.tokenize_many(texts)  # type: ignore[attr-defined]
                return [" ".join(tokens) for tokens in many], 0
        each = [self._split(text) for text in texts]
        return [text for text, _ in each], sum(failed for _, failed in each)

    def _split(self, text: str) -> tuple[str, bool]:
        try:
            return " ".join(self.tokenizer.tokenize(text)), False
        except Exception:  # any Java error for this text must not affect the others
            return " ".join(self.tokenizer.characters(text)), True

    def within(self, max_seconds: float) -> None:
        """Split all texts, with a time limit in seconds for each."""
        start = 0
        while (stuck := self._run_from(start, max_seconds)) is not None:
            start = stuck
            if self._step(stuck) > 1:  # one of several texts, and it is unknown which
                self.alone = stuck + self._step(stuck)
                continue
            self.slow += 1
            self.results[stuck] = " ".join(self.tokenizer.characters(self.chunk[stuck]))
            start = stuck + 1

    def _run_from(self, start: int, max_seconds: float) -> int | None:
        """Split from `start` on; returns the index that took too long, or None at the end."""
        from rnntool.text.konlpy import leave_java  # not needed for analyzers without Java

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
                at[0] = -1  # tells the thread that it was abandoned, in case it continues
                return before


def _silence_stderr() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
