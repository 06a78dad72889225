"""How a trained tagger reads sentences (without torch)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.data.spelling import Speller
from rnntool.data.tagged import Tagged, encode_tagged
from rnntool.formats.rundir import CHARACTERS, Run
from rnntool.formats.tagged import Sentence, TaggedOptions
from rnntool.formats.vocab import read_vocabulary
from rnntool.runs.reading_settings import ReadingSettings
from rnntool.tasks.tag.settings import TagSettings
from rnntool.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class TagReader:
    """Reads sentences for the model of a run."""

    run: Run
    settings: TagSettings
    characters: Vocabulary

    def options(self, given: ReadingSettings, tag_column: str | None = None) -> TaggedOptions:
        """Options for reading: the given columns, or else those of the training."""
        return TaggedOptions(
            "lines" if given.format == "lines" else "auto",
            given.text_column or self.settings.token_column,
            tag_column or self.settings.tag_column,
            given.encoding,
        )

    def encode(self, sentences: list[Sentence], path: str) -> Tagged:
        """Sentences as the numbers of the model.

        Raises:
            UserError: a tag was not seen in training.
        """
        speller = Speller(self.settings.character_unit, self.characters)
        return encode_tagged(sentences, self.run.vocabulary, speller, self.run.labels, path)


def tag_reader(run: Run, settings: TagSettings) -> TagReader:
    """The reader for a run of `train tag`.

    Raises:
        UserError: the run's file of characters is missing or damaged.
    """
    return TagReader(run, settings, read_vocabulary(str(run.path / CHARACTERS)))
