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
from dataclasses import dataclass
from multiprocessing.connection import Connection

from rnntool.errors import UserError
from rnntool.text.spec import TokenizerSpec, parse_identity
from rnntool.text.tokenizers import Tokenizer, make_tokenizer


@dataclass(frozen=True)
class WorkerOptions:
    """What a worker needs to make its tokenizer."""

    identity: str
    subword_model: bytes | None = None
    jvm_heap: int = 1024  # MiB
    max_seconds: float = 5.0  # a line; KoNLPy only


@dataclass(frozen=True)
class Tokenized:
    """A chunk's answer."""

    texts: list[str]  # tokens joined by one space, in the order of the chunk
    slow: list[int]  # places in the chunk of lines that became characters


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
            connection.send(tokenize_chunk(tokenizer, spec, chunk, options.max_seconds))
    except UserError as error:
        connection.send(error)
    except EOFError:
        pass  # the parent is gone
    except Exception as error:
        connection.send(UserError(f"{options.identity}: {type(error).__name__}: {error}"))
    connection.close()
    os._exit(0)


_BOUNDED = ("okt", "komoran", "hannanum", "kkma")


def tokenize_chunk(
    tokenizer: Tokenizer, spec: TokenizerSpec, chunk: list[str], max_seconds: float
) -> Tokenized:
    """Tokens of each text of a chunk."""
    if spec.name not in _BOUNDED:
        return Tokenized([" ".join(tokenizer.tokenize(text)) for text in chunk], [])
    return _BoundedRun(tokenizer, chunk, max_seconds).run()


class _BoundedRun:
    """A chunk, split on a thread that is given up when one line takes too long."""

    def __init__(self, tokenizer: Tokenizer, chunk: list[str], max_seconds: float) -> None:
        self.tokenizer, self.chunk, self.max_seconds = tokenizer, chunk, max_seconds
        self.results: list[str | None] = [None] * len(chunk)
        self.failure: Exception | None = None

    def run(self) -> Tokenized:
        start, slow = 0, []
        while start < len(self.chunk):
            stuck = self._run_from(start)
            if self.failure is not None:
                raise self.failure
            if stuck is None:
                break
            slow.append(stuck)
            self.results[stuck] = " ".join(self.chunk[stuck].replace(" ", ""))
            start = stuck + 1
        return Tokenized([text or "" for text in self.results], slow)

    def _run_from(self, start: int) -> int | None:
        """Split from `start` on; the place where it got stuck, or None at the end."""
        at = [start]
        done = threading.Event()
        threading.Thread(target=self._split, args=(start, at, done), daemon=True).start()
        while True:
            before = at[0]
            if done.wait(self.max_seconds):
                return None
            if at[0] == before:
                at[0] = -1  # tells the thread, should it ever come back, that it was given up
                return before

    def _split(self, start: int, at: list[int], done: threading.Event) -> None:
        try:
            for place in range(start, len(self.chunk)):
                tokens = " ".join(self.tokenizer.tokenize(self.chunk[place]))
                if at[0] != place:
                    return
                self.results[place] = tokens
                at[0] = place + 1
        except Exception as error:  # whatever Java threw
            self.failure = error
        done.set()


def _silence_stderr() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
