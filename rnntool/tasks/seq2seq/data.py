"""The data of `train seq2seq`: pairs of texts, vocabularies, validation split."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnntool.data.pairs import NumberedPairs, pair_options, read_pairs
from rnntool.data.sequences import pack_sequences
from rnntool.data.splitter import text_splitter
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.rundir import TARGET_VOCAB, write_parts
from rnntool.formats.subword import read_subword
from rnntool.formats.vocab import write_vocabulary
from rnntool.reporting import Reporter
from rnntool.runs.provenance import noted_inputs
from rnntool.runs.validation import hold_back, validation_share
from rnntool.tasks.seq2seq.settings import Seq2SeqSettings
from rnntool.text.units import Unit, unit_spec
from rnntool.text.vocabulary import EOS_ID, Vocabulary, build_vocabulary


@dataclass(frozen=True)
class Prepared:
    """The inputs of a training, read and numbered."""

    train: NumberedPairs
    validation: NumberedPairs
    sources: Vocabulary
    targets: Vocabulary
    unit: Unit
    subword_model: bytes | None

    def write(self, folder: Path) -> None:
        """Write what `predict` needs into the run directory."""
        write_parts(folder, self.sources, [], self.subword_model)
        write_vocabulary(str(folder / TARGET_VOCAB), self.targets)


def prepare(path: str, settings: Seq2SeqSettings, report: Reporter) -> Prepared:
    """Read and number the pairs, and split off the validation part.

    Raises:
        UserError: a file cannot be used.
    """
    options = pair_options(settings.source_column, settings.target_column, settings.encoding)
    model = None if settings.subword_model is None else read_subword(settings.subword_model)
    unit = Unit(unit_spec(settings.unit, model), documents=True)
    worker = WorkerOptions(unit.spec.identity, model)
    train, held = hold_back(
        path, settings.validation, settings.seed, lambda file: read_pairs(file, options)
    )

    with text_splitter(unit, worker, settings.workers, report) as split:
        (sources, targets), (held_sources, held_targets) = (
            _without_long(
                list(split(p.source for p in pairs)), list(split(p.target for p in pairs)),
                settings.max_length, report,
            ) for pairs in (train, held)
        )  # fmt: skip
    if not sources:
        raise UserError("every pair is longer than --max-length", where=path)
    identity = unit.spec.identity
    known = [
        build_vocabulary(Counter(t for text in side for t in text), identity, settings.min_count)
        for side in (sources, targets)
    ]
    report.note(
        f"{path}: {len(sources):,} pairs for training, {len(held_sources):,} for validation;"
        f" {identity}, vocabularies of {len(known[0]):,} and {len(known[1]):,}"
    )
    return Prepared(
        number_pairs(sources, targets, known[0], known[1]),
        number_pairs(held_sources, held_targets, known[0], known[1]),
        known[0], known[1], unit, model,
    )  # fmt: skip


def _without_long(
    sources: list[list[str]], targets: list[list[str]], most: int, report: Reporter
) -> tuple[list[list[str]], list[list[str]]]:
    """The pairs whose sides have at most `most` tokens (0: all); attention needs their product."""
    kept = [
        pair for pair in zip(sources, targets, strict=True)
        if not most or max(map(len, pair)) <= most
    ]  # fmt: skip
    if len(kept) < len(sources):
        left = len(sources) - len(kept)
        report.warn(f"{left:,} pairs with a side of more than {most:,} tokens (--max-length) were"
                    " left out")  # fmt: skip
    return [source for source, _ in kept], [target for _, target in kept]


def number_pairs(
    sources: list[list[str]], targets: list[list[str]], known: Vocabulary, written: Vocabulary
) -> NumberedPairs:
    """Tokens as numbers; a target ends with `<eos>`."""
    return NumberedPairs(
        pack_sequences(known.encode(tokens) for tokens in sources),
        pack_sequences([*written.encode(tokens), EOS_ID] for tokens in targets),
    )


def input_files(path: str, settings: Seq2SeqSettings) -> dict[str, Any]:
    """Path and sha256 of each input, for the run's configuration."""
    paths: dict[str, str | None] = {"train": path, "subword_model": settings.subword_model}
    if validation_share(settings.validation) is None:
        paths["validation"] = settings.validation
    return noted_inputs(paths)
