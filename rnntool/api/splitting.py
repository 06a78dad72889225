"""Splits texts into a model's tokens in this process, so a script needs no `__main__` guard."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from rnntool.data.tokenize_worker import WorkerOptions, tokenize_chunk
from rnntool.formats.corpus import split_tokens
from rnntool.formats.rundir import Run
from rnntool.text.spec import parse_identity
from rnntool.text.tokenizers import make_tokenizer
from rnntool.text.tokens import Tokenizer


class Splitter:
    """The tokenizer of a run, as `rnntool predict` uses it.

    Analyzers are not thread-safe, so only one text is split at a time.
    """

    def __init__(self, run: Run) -> None:
        self.spec = parse_identity(run.config.tokenizer)
        self.options = WorkerOptions(run.config.tokenizer, run.subword_model())
        self._lock = threading.Lock()
        self._tokenizer: Tokenizer | None = None

    def joined(self, texts: Iterable[str]) -> list[str]:
        """The tokens of each text, joined by one space.

        Raises:
            UserError: the tokenizer is not installed.
        """
        with self._lock:
            if self._tokenizer is None:
                self._tokenizer = make_tokenizer(self.spec, self.options.subword_model)
            seconds = self.options.max_seconds
            return tokenize_chunk(self._tokenizer, self.spec, list(texts), seconds).texts

    def tokens(self, texts: Iterable[str]) -> list[list[str]]:
        """The tokens of each text."""
        return [split_tokens(line) for line in self.joined(texts)]
