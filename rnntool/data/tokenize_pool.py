"""Tokenize a stream of texts on several processes, in order, with bounded memory.

Analyzers in Python hold its lock, so they run in one process per core. KoNLPy's run in one process
whose threads share a Java VM (except Kkma). A Java VM can keep a process with attached threads from
ending, so a process that is not needed any more, or whose command failed, is killed.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rnntool.data.tokenize_worker import Tokenized, WorkerOptions, tokenize_chunk, work
from rnntool.errors import UserError
from rnntool.machine import usable_cores
from rnntool.registry import KONLPY_TOKENIZERS
from rnntool.reporting import Reporter
from rnntool.text.spec import parse_identity
from rnntool.text.tokenizers import make_tokenizer

if TYPE_CHECKING:  # not needed to tokenize a line in this process
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

_LINES = 256  # the most texts in a chunk
_CHARACTERS = 131_072  # the most characters, so that a chunk of long texts stays small
# Kkma locks its dictionary at each look-up, so its threads would wait: use one VM per core.
_ONE_THREAD = ("kkma",)
_AHEAD = 3  # chunks sent ahead per core: no core waits, and memory stays bounded
_AHEAD_OF_JAVA = 12  # because KoNLPy's analyzers take seconds for some texts

T = TypeVar("T")


class TokenizePool:
    """Worker processes, started when they are needed and ended on exit.

    Args:
        options: the tokenizer.
        workers: the largest number of processes; 0: one per core.
        texts: about how many will come, where this is known; KoNLPy's tokenizers start accordingly.
    """

    def __init__(self, options: WorkerOptions, workers: int = 0, texts: int | None = None) -> None:
        self.limit = workers or usable_cores()
        self.options = replace(options, texts=texts)
        self.ahead = self.limit * _AHEAD
        name = parse_identity(options.identity).name
        if name in KONLPY_TOKENIZERS and name not in _ONE_THREAD:
            # One Java VM with threads: they share its dictionaries and compiled code.
            self.options = replace(self.options, threads=self.limit)
            self.ahead = self.limit * _AHEAD_OF_JAVA
            self.limit = 1
        self._workers: list[_Worker] = []
        self._in_process: Any = None
        self.slow = self.failed = 0  # lines that became characters, as in `Tokenized`

    def __enter__(self) -> TokenizePool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.end()

    def tokenize(self, items: Iterable[tuple[T, str]]) -> Iterator[tuple[T, str]]:
        """Tokens of a stream of texts, joined by one space; each text comes with an item.

        Yields:
            `(item, tokens)` in the order of the stream.

        Raises:
            UserError: the tokenizer cannot be made, or its library failed.
        """
        chunks = iter(_chunks(items))
        waiting: deque[_Chunk[T]] = deque()
        exhausted = False
        while waiting or not exhausted:
            while not exhausted and len(waiting) < self.ahead:
                chunk = next(chunks, None)
                exhausted = chunk is None
                if chunk is not None:
                    waiting.append(chunk)
                    self._give(chunk, alone=chunk.last and len(waiting) == 1)
            if not waiting:
                return
            while waiting[0].answer is None:
                self._collect()
            answered = waiting.popleft()
            assert answered.answer is not None
            self.slow += answered.answer.slow
            self.failed += answered.answer.failed
            yield from zip(answered.items, answered.answer.texts, strict=True)

    def warn_of_characters(self, report: Reporter) -> None:
        """Warn how many lines the analyzer could not split."""
        if self.slow:
            seconds = self.options.max_seconds
            report.warn(f"{self.slow:,} lines took over {seconds} s and were split into characters")
        if self.failed:
            name = self.options.identity
            report.warn(f"{name} failed on {self.failed:,} lines; they were split into characters")

    def _give(self, chunk: _Chunk[Any], alone: bool) -> None:
        """Give a chunk to the least busy worker; a single one is done here if that is cheap."""
        spec = parse_identity(self.options.identity)
        if alone and not self._workers and spec.name not in KONLPY_TOKENIZERS:
            if self._in_process is None:
                self._in_process = make_tokenizer(spec, self.options.subword_model)
            seconds = self.options.max_seconds
            chunk.answer = tokenize_chunk(self._in_process, spec, chunk.texts, seconds)
            return
        idle = min(self._workers, key=lambda worker: len(worker.chunks), default=None)
        if idle is None or (idle.chunks and len(self._workers) < self.limit):
            idle = _Worker(self.options)
            self._workers.append(idle)
        idle.give(chunk)

    def _collect(self) -> None:
        """Wait for an answer from any worker, and take it."""
        from multiprocessing.connection import wait

        by_connection = {worker.connection: worker for worker in self._workers if worker.chunks}
        for ready in wait(list(by_connection)):
            by_connection[ready].take()  # type: ignore[index]


class _Chunk(Generic[T]):
    """Texts that are sent together."""

    def __init__(self, items: list[T], texts: list[str], last: bool) -> None:
        self.items, self.texts, self.last = items, texts, last
        self.answer: Tokenized | None = None


class _Worker:
    """A process, its pipe, and the chunks it was given."""

    def __init__(self, options: WorkerOptions) -> None:
        import multiprocessing

        context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
        self.connection: Connection
        self.connection, other = context.Pipe()
        self.process: BaseProcess = context.Process(target=work, args=(other, options), daemon=True)
        self.process.start()
        other.close()
        self.chunks: dict[int, _Chunk[Any]] = {}  # chunks that it works on, by number
        self._given = 0

    def give(self, chunk: _Chunk[Any]) -> None:
        self.chunks[self._given] = chunk
        # If the worker failed, its reason is in the pipe and `take` reads it.
        with contextlib.suppress(BrokenPipeError, ConnectionError):
            self.connection.send((self._given, chunk.texts))
        self._given += 1

    def take(self) -> None:
        try:
            answer = self.connection.recv()
        except (EOFError, ConnectionError):
            raise UserError(
                "a tokenizer process ended unexpectedly",
                hint="if memory was short, try --workers 1",
            ) from None
        if isinstance(answer, UserError):
            raise answer
        number, tokenized = answer
        self.chunks.pop(number).answer = tokenized

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def _chunks(items: Iterable[tuple[T, str]]) -> Iterator[_Chunk[T]]:
    """Chunks of a bounded size; the last one knows that it is the last."""
    held: _Chunk[T] | None = None
    belongings: list[T] = []
    texts: list[str] = []
    size = 0
    for belonging, text in items:
        if texts and (len(texts) == _LINES or size + len(text) > _CHARACTERS):
            if held is not None:
                yield held
            held = _Chunk(belongings, texts, last=False)
            belongings, texts, size = [], [], 0
        belongings.append(belonging)
        texts.append(text)
        size += len(text)
    if held is not None:
        yield held
    if texts:
        yield _Chunk(belongings, texts, last=True)
