"""`rnntool generate`: continue a prompt with a run, and write the text token by token."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TextIO

import numpy as np

from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.reading import STREAM, name_of, open_binary
from rnntool.formats.rundir import Run, require_task
from rnntool.formats.vector_rows import read_vector_rows
from rnntool.formats.weights import read_weights
from rnntool.generation.generate import beam_search, generate
from rnntool.generation.sampling import Sampling
from rnntool.inference.language_model import Floats, NumpyLanguageModel, StepModel, can_step
from rnntool.models.tensor_names import condition
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import GenerateSettings
from rnntool.runs.open import open_run
from rnntool.text.spec import parse_identity
from rnntool.text.tokenizers import make_tokenizer
from rnntool.text.units import Unit


@dataclass(frozen=True)
class Writer:
    """A language model that generates text."""

    run: Run
    engine: StepModel
    unit: Unit

    def encode(self, prompt: str) -> tuple[list[int], list[str]]:
        """The numbers of the prompt's known tokens, and its unknown tokens."""
        if not prompt:
            return [], []
        options = WorkerOptions(self.run.config.tokenizer, self.run.subword_model())
        tokenizer = make_tokenizer(self.unit.spec, options.subword_model)
        tokens: list[str] = []
        for number, line in enumerate(prompt.split("\n")):
            tokens += [self.unit.end] if number else []
            tokens += tokenizer.tokenize(line)
        known = self.run.vocabulary.ids
        return [known[t] for t in tokens if t in known], [t for t in tokens if t not in known]


def open_writer(path: str, report: Reporter, features: str | None = None, row: int = 1) -> Writer:
    """Open a run directory of `train lm` or `train caption` to generate text.

    Args:
        features: file of vectors for a captioning model.
        row: number of the vector in that file, from 1.

    Raises:
        UserError: the path is not a run, the run is damaged, or it is of another task.
    """
    run = open_run(path)
    run.note(report)
    leads = run.config.task == "caption"
    run = run if leads else require_task(run, "lm")
    settings, tensors = run.config.settings, read_weights(run.weights)
    vector = _vector(features, row, tensors, path) if leads else None
    if features is not None and not leads:
        raise UserError("is not a captioning model", where=path, hint="leave out --vectors")
    try:
        engine = make_engine(run, tensors, vector, report)
        documents = leads or bool(settings["lines"])
    except (KeyError, ValueError, IndexError) as error:
        raise UserError(f"damaged: {error}", where=run.path) from None
    return Writer(run, engine, Unit(parse_identity(run.config.tokenizer), documents))


def make_engine(
    run: Run, tensors: dict[str, Floats], vector: Floats | None, report: Reporter
) -> StepModel:
    """The NumPy model, or torch for settings that NumPy does not support."""
    settings = run.config.settings
    if can_step(settings):
        return NumpyLanguageModel(settings["cell"], tensors, vector)
    report.detail("torch generates the text")
    from rnntool.tasks.lm.torch_model import open_torch_model

    return open_torch_model(run, vector)


def _vector(features: str | None, row: int, tensors: dict[str, Floats], path: str) -> Floats:
    """The vector to describe; without a file, the mean of the training vectors."""
    try:
        mean: Floats = condition(tensors).mean
    except KeyError:
        raise UserError(
            "damaged: the mean of the training vectors is missing", where=path
        ) from None
    if features is None:
        return mean
    table = read_vector_rows(features)
    if row > len(table):
        raise UserError(f"--row is {row}, but there are {len(table):,} rows", where=features)
    if table.shape[1] != len(mean):
        raise UserError(f"has vectors of size {table.shape[1]}, but the model needs {len(mean)}",
                        where=features)  # fmt: skip
    vector: Floats = table[row - 1]
    return vector


def generate_text(path: str, settings: GenerateSettings, sink: TextIO, report: Reporter) -> None:
    """Write `--samples` texts, token by token, with a blank line between them.

    Raises:
        UserError: the run or the prompt cannot be used.
    """
    check_settings(settings)
    prompt = read_prompt_text(settings)
    writer = open_writer(path, report, settings.vectors, settings.row)
    ids, unknown = writer.encode(prompt)
    if unknown:
        shown = " ".join(dict.fromkeys(unknown))
        report.warn(f"unknown to the model and left out of the prompt: {shown}")
    generator = np.random.default_rng(settings.seed)
    for number in range(settings.samples):
        pieces = _stopped(
            generate_pieces(writer, ids, settings, generator), _unescaped(settings.stop)
        )
        if settings.json:
            record = {"prompt": prompt, "text": "".join(pieces)}
            sink.write(json.dumps(record, ensure_ascii=False) + "\n")
            continue
        sink.write(("\n" if number else "") + prompt + _joint(writer.unit, prompt))
        for piece in pieces:
            sink.write(piece)
            sink.flush()
        sink.write("\n")
        sink.flush()


def check_settings(settings: GenerateSettings) -> None:
    """Raise a UserError where two settings exclude each other."""
    if settings.beam and settings.samples > 1:
        raise UserError("--beam finds only one text", hint="leave out --samples")
    if settings.prompt is not None and settings.prompt_file is not None:
        raise UserError("--prompt and --prompt-file exclude each other", hint="give one of them")
    if settings.stop == "":
        raise UserError("--stop is empty")


def read_prompt_text(settings: GenerateSettings) -> str:
    """The prompt, from the flag or a file; a line feed at the end of the file is removed.

    Raises:
        UserError: the file cannot be read or is not UTF-8.
    """
    path = STREAM if settings.prompt == STREAM else settings.prompt_file
    if path is None:
        return settings.prompt or ""
    with open_binary(path) as source:
        try:
            return source.read().decode("utf-8-sig").removesuffix("\n")
        except UnicodeDecodeError:
            raise UserError("is not UTF-8", where=name_of(path)) from None


def generate_pieces(
    writer: Writer, prompt: list[int], settings: GenerateSettings, generator: np.random.Generator
) -> Iterator[str]:
    """The text in pieces, each as soon as no later token can change it."""
    engine, vocabulary, unit = writer.engine, writer.run.vocabulary, writer.unit
    if settings.beam:
        ids = beam_search(engine, vocabulary, unit, prompt, settings.length, settings.beam)
        yield unit.text(vocabulary.decode(ids))
        return
    greedy = settings.greedy or settings.temperature == 0
    sampling = Sampling(settings.temperature or 1.0, settings.top_k, settings.top_p, greedy)
    tokens = generate(engine, vocabulary, unit, prompt, settings.length, sampling, generator)
    yield from settled(unit.text, (vocabulary.tokens[token] for token in tokens))


def settled(text_of: Callable[[list[str]], str], tokens: Iterator[str]) -> Iterator[str]:
    """The text of tokens, in pieces that no later token can change.

    A following jamo can combine with the last character, so that character is held back. Each line
    is composed separately, since a line feed cannot combine.
    """
    line: list[str] = []
    given = 0
    for token in tokens:
        line.append(token)
        text = text_of(line)
        yield text[given : len(text) - 1]
        given = max(given, len(text) - 1)
        if text.endswith("\n"):
            yield "\n"
            line, given = [], 0
    yield text_of(line)[given:]


def _unescaped(text: str | None) -> str | None:
    r"""The text with `\n`, `\t` and `\\` replaced by the characters that they mean."""
    if text is None:
        return None
    meant = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}
    return re.sub(r"\\[nt\\]", lambda found: meant[found[0]], text)


def _stopped(pieces: Iterator[str], stop: str | None) -> Iterator[str]:
    """The pieces up to the first occurrence of `stop`."""
    if stop is None:
        yield from pieces
        return
    held = ""
    for piece in pieces:
        held += piece
        place = held.find(stop)
        if place >= 0:
            yield held[:place]
            return
        sure = len(held) - len(stop) + 1  # the rest may be the start of `stop`
        if sure > 0:
            yield held[:sure]
            held = held[sure:]
    yield held


def _joint(unit: Unit, prompt: str) -> str:
    """The separator between a prompt and its continuation: a space for words, else nothing."""
    spaced = not unit.spelled and unit.spec.subword is None
    return " " if spaced and prompt and not prompt[-1].isspace() else ""
