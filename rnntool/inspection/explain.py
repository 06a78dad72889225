"""`rnntool explain`: read the texts of a file, and explain the answer to each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rnntool.configuration import build, refuse_foreign
from rnntool.data.stream import batches_of
from rnntool.data.tokenize_pool import TokenizePool
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.corpus import open_corpus, split_tokens
from rnntool.formats.reading import Undecodable
from rnntool.formats.rundir import require_command
from rnntool.formats.tagged import read_tagged
from rnntool.inspection.attribution import TOLERANCE, Attribution, Explainer, label_number
from rnntool.inspection.explain_settings import ExplainSettings
from rnntool.reporting import Reporter
from rnntool.runs.open import open_run
from rnntool.runs.rows import require_tokenizer, stream_options
from rnntool.tasks.tag.reader import tag_reader
from rnntool.tasks.tag.settings import TagSettings

_TOGETHER = 256  # maximum number of rows read at a time


class Asked(NamedTuple):
    """A text to explain."""

    line: int  # line in the file; 0 for --text
    text: str
    tokens: list[str]


class Explained(NamedTuple):
    """A text with its explanations: one for a classifier, one per token for a tagger."""

    number: int  # number of the text, from 1
    tags: bool
    parts: list[Attribution]


class Explaining:
    """An opened run that explains its answers.

    Raises:
        UserError: the run cannot be used, or has no such label.
    """

    def __init__(self, path: str, settings: ExplainSettings, report: Reporter) -> None:
        self.run = require_command(open_run(path), "explain")
        refuse_foreign(settings, self.run.config.task, path)
        self.run.note(report)
        self.settings, self.report = settings, report
        if settings.label is not None:
            label_number(self.run, settings.label)
        self.tags = self.run.config.task == "tag"
        self.explainer = Explainer(self.run, settings.method)

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.run.path.resolve().name

    def explain(self, source: str | None) -> Iterator[Explained]:
        """Explain every text of a file or stream in order, as it arrives, or the text of `--text`.

        A row without tokens is left out; a warning gives their number.

        Raises:
            UserError: the source cannot be read, or no text has a token.
        """
        count, empty, first_empty, worst = 0, 0, 0, 0.0
        for asked in self._asked(source):
            if not asked.tokens:
                empty, first_empty = empty + 1, first_empty or asked.line
                continue
            count += 1
            found = Explained(count, self.tags, self._parts(asked))
            worst = max(worst, *(part.relative_residual for part in found.parts))
            yield found
        where = "--text" if self.settings.text is not None else source or "-"
        if not count:
            raise UserError("no text with a token to explain", where=where, hint="give a word")
        if empty:
            self.report.warn(f"{empty:,} rows without a token are left out, the first of them in"
                             f" line {first_empty}")  # fmt: skip
        self._say_how_complete(worst)

    def _parts(self, asked: Asked) -> list[Attribution]:
        if self.settings.text is not None:
            self._say_what_is_read(asked.tokens)
        label = self.settings.label
        if not self.tags:
            return [self.explainer.explain(asked.tokens, asked.text, label)]
        places = range(len(self.explainer.read(asked.tokens)))
        if self.settings.token is not None:
            if self.settings.token > len(places):
                raise UserError(f"--token {self.settings.token}: the text has {len(places)} tokens",
                                where=asked.text, hint=f"give 1 to {len(places)}")  # fmt: skip
            places = range(self.settings.token - 1, self.settings.token)
        return [self.explainer.explain(asked.tokens, asked.text, label, n) for n in places]

    def _asked(self, source: str | None) -> Iterator[Asked]:
        text = self.settings.text
        if text is not None and source is not None:
            raise UserError("--text and a file exclude each other", where=source)
        if self.tags:
            return self._sentences(source or "-", text)
        return self._texts(source or "-", text)

    def _sentences(self, source: str, text: str | None) -> Iterator[Asked]:
        if text is not None:
            yield Asked(0, text, text.split())
            return
        settings = build(TagSettings, self.run.config.settings, where=str(self.run.path))
        options = replace(
            tag_reader(self.run, settings).options(self.settings),
            allow_empty=True, errors=Undecodable(self.settings.errors),
        )  # fmt: skip
        sentences = read_tagged(source, options, tags=False)
        for batch in batches_of(source, sentences, _TOGETHER):
            for sentence in batch:
                yield Asked(sentence.line, " ".join(sentence.tokens), sentence.tokens)
        options.errors.warn(self.report)

    def _texts(self, source: str, text: str | None) -> Iterator[Asked]:
        options = WorkerOptions(self.run.config.tokenizer, self.run.subword_model())
        with TokenizePool(options, workers=1) as pool:
            if text is not None:
                for _, tokens in pool.tokenize([(None, text)]):
                    yield Asked(0, text, split_tokens(tokens))
                return
            yield from self._rows(source, pool)
            pool.warn_of_characters(self.report)

    def _rows(self, source: str, pool: TokenizePool) -> Iterator[Asked]:
        options = stream_options(self.settings)
        with open_corpus(source, options) as corpus:
            require_tokenizer(corpus, self.run.config.tokenizer)
            for batch in batches_of(source, corpus, _TOGETHER):
                rows = [(row, row.text) for row in batch]
                raw = corpus.layout.tokenizer is None
                for row, tokens in pool.tokenize(rows) if raw else rows:
                    yield Asked(row.line, row.text, split_tokens(tokens))
        options.errors.warn(self.report)

    def _say_what_is_read(self, tokens: list[str]) -> None:
        read = self.explainer.read(tokens)
        if len(read) < len(tokens):
            self.report.note(f"the model reads {len(read)} of {len(tokens)} tokens (--max-length)")
        spelled = self.run.config.settings.get("input") == "characters"
        known = self.run.vocabulary.ids
        unknown = [] if spelled else [token for token in dict.fromkeys(read) if token not in known]
        if unknown:
            self.report.note(f"unknown to the model, read as <unk>: {', '.join(unknown)}")

    def _say_how_complete(self, worst: float) -> None:
        if self.settings.method != "ig":
            return
        said = f"the shares lack at most {worst:.2%} of score - baseline score"
        if worst > TOLERANCE:
            self.report.warn(f"{said}, more than {TOLERANCE:.0%}")
        else:
            self.report.note(said)
