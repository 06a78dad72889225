"""The data of `train tag`: tagged sentences, vocabularies, validation split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnntool.data.check import warn_of_long
from rnntool.data.spelling import Speller, count_characters
from rnntool.data.tagged import Tagged, encode_tagged
from rnntool.errors import UserError
from rnntool.formats.rundir import CHARACTERS, WEIGHTS, write_parts
from rnntool.formats.tagged import Sentence, TaggedOptions, read_tagged
from rnntool.formats.vocab import write_vocabulary
from rnntool.reporting import Reporter
from rnntool.runs.features import Context
from rnntool.runs.provenance import noted_inputs
from rnntool.runs.validation import hold_back, validation_share
from rnntool.tasks.tag.settings import TagSettings
from rnntool.text.vocabulary import Vocabulary, build_vocabulary


@dataclass(frozen=True)
class Prepared:
    """The inputs of a training, read and numbered."""

    train: Tagged
    validation: Tagged
    vocabulary: Vocabulary
    characters: Vocabulary
    tags: list[str]
    context: Context | None

    def write(self, folder: Path) -> None:
        """Write what `predict` needs into the run directory."""
        write_parts(folder, self.vocabulary, self.tags)
        write_vocabulary(str(folder / CHARACTERS), self.characters)
        if self.context is not None:
            self.context.write(folder)


def prepare(
    path: str, settings: TagSettings, context: Context | None, report: Reporter
) -> Prepared:
    """Read and number the sentences, and split off the validation part.

    Raises:
        UserError: a file cannot be used, or there are fewer than two tags.
    """
    options = TaggedOptions(
        settings.format, settings.token_column, settings.tag_column, settings.encoding
    )
    train, held = hold_back(
        path, settings.validation, settings.seed, lambda file: list(read_tagged(file, options))
    )
    tags = sorted({tag for s in [*train, *held] for tag in s.tags})
    if len(tags) < 2:
        raise UserError(f"has only one tag, {tags[0]!r}", where=path)
    vocabulary = _vocabulary(train, settings, context)
    characters = count_characters(set(tokens(train)), settings.character_unit)
    speller = Speller(settings.character_unit, characters)
    own = validation_share(settings.validation) is not None
    source = path if own else settings.validation
    prepared = Prepared(
        encode_tagged(train, vocabulary, speller, tags, path),
        encode_tagged(held, vocabulary, speller, tags, source),
        vocabulary, characters, tags, context,
    )  # fmt: skip
    unknown = sum(token not in vocabulary.ids for token in tokens(held))
    count = len(prepared.validation.sequences.ids)
    report.note(
        f"{path}: {len(train):,} sentences for training, {len(held):,} for validation;"
        f" vocabulary of {len(vocabulary):,}, {unknown / max(1, count):.1%} of the validation"
        f" tokens are unknown; {len(tags)} tags"
    )
    longest = int(prepared.train.sequences.lengths.max(initial=0))
    warn_of_long(longest, report, "; is a blank line missing between sentences?")
    return prepared


def _vocabulary(
    train: list[Sentence], settings: TagSettings, context: Context | None
) -> Vocabulary:
    """The biLM's vocabulary, or that of the training part, so that validation has unknown words."""
    if context is None:
        return build_vocabulary(Counter(tokens(train)), "whitespace", settings.min_count)
    vocabulary = context.run.vocabulary
    if vocabulary.tokenizer != "whitespace":
        raise UserError(
            f"reads tokens of {vocabulary.tokenizer!r}, but the tagger's tokens are words",
            where=context.run.path, hint="train it with train bilm --unit word",
        )  # fmt: skip
    return vocabulary


def tokens(sentences: list[Sentence]) -> Iterator[str]:
    """The tokens of all sentences."""
    return (token for sentence in sentences for token in sentence.tokens)


def input_files(path: str, settings: TagSettings) -> dict[str, Any]:
    """Path and sha256 of each input, for the run's configuration."""
    paths = {
        "train": path,
        "vectors": settings.vectors,
        "features": settings.features and f"{settings.features}/{WEIGHTS}",
    }
    if validation_share(settings.validation) is None:
        paths["validation"] = settings.validation
    return noted_inputs(paths)
