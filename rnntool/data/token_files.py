"""The rows of tokens files, one file after another, all made by one tokenizer."""

from __future__ import annotations

from collections.abc import Iterator

from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, open_corpus


class TokenFiles:
    """Iterate for each row's tokens.

    Attributes:
        tokenizer: identity of the tokenizer, once a file has been opened.
        unmarked: files without our first line; white space separates their tokens.
    """

    def __init__(self, paths: list[str], options: CorpusOptions) -> None:
        self.paths, self.options = paths, options
        self.tokenizer = ""
        self.unmarked: list[str] = []

    def __iter__(self) -> Iterator[list[str]]:
        """Tokens of each row.

        Raises:
            UserError: a file cannot be read, two have different tokenizers, or there is no token
                in any.
        """
        seen = False
        for path in self.paths:
            with open_corpus(path, self.options) as corpus:
                self._take(corpus.name, corpus.layout.tokenizer)
                for row in corpus:
                    tokens = corpus.layout.tokens(row.text)
                    seen = seen or bool(tokens)
                    yield tokens
        if not seen:
            raise UserError("contains no tokens", where=", ".join(self.paths))

    def _take(self, name: str, found: str | None) -> None:
        if found is None:
            self.unmarked.append(name)
        identity = found or "whitespace"
        if self.tokenizer and identity != self.tokenizer:
            raise UserError(
                f"tokens of {identity!r}, but {self.paths[0]} has tokens of {self.tokenizer!r}",
                where=name,
                hint="give files of one tokenizer",
            )
        self.tokenizer = identity
