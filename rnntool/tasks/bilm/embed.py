"""`rnntool embed`: a vector for each token in its context, or one for each text.

Shapes: B batch, T time, D embedding, H hidden, F features.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np
import torch
from numpy.typing import NDArray

from rnntool.data.sequences import sorted_batches
from rnntool.data.splitter import text_splitter
from rnntool.data.stream import batches_of
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.errors import UserError
from rnntool.formats.compression import without_compression
from rnntool.formats.corpus import open_corpus
from rnntool.formats.reading import STREAM, count_lines
from rnntool.formats.writing import write_binary, write_text
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import EmbedSettings
from rnntool.runs.rows import require_tokenizer, stream_options
from rnntool.runs.spelled import number_texts
from rnntool.tasks.bilm.load import TrainedBiLM, load_bilm

Floats = NDArray[np.float32]
_EVAL_TOKENS = 8_192  # maximum size of a padded batch


@dataclass(frozen=True)
class Embedded:
    """A text's tokens with a vector for each, or with one vector for the whole text."""

    tokens: list[str]
    vectors: Floats  # [T, F], or [1, F] for a pooled text


def embed(
    run: str, inputs: list[str], output: str, settings: EmbedSettings, report: Reporter
) -> int:
    """Write the vectors of every text, in order.

    Args:
        output: `.npz`; `.npy` [N, F], for pooled texts only; `.vec` or `.txt` for word2vec text;
            `.jsonl`, `-` or a name without an ending for JSON lines. A further ending such as
            `.gz` compresses text.

    Returns:
        How many texts were read.

    Raises:
        UserError: run or an input cannot be used, or the run has no such layer.
    """
    form = _form_of(output, settings.pool)
    trained = load_bilm(run, settings.device, settings.threads)
    trained.run.note(report)
    check_layer(trained, settings.layer)
    texts = _embedded(trained, inputs, settings, report)
    if form == ".npz":
        return _write_npz(output, texts)
    if form == ".npy":
        return _write_npy(output, texts)
    with write_text(output) as sink:
        if form in (".vec", ".txt"):
            return _write_word2vec(sink, texts)
        return _write_json(sink, texts)


def _form_of(output: str, pool: str) -> str:
    """The ending of the file name, which decides the format.

    Raises:
        UserError: the ending is unknown, or its format needs pooled texts.
    """
    whole = os.path.splitext(output)[1]
    form = whole if whole in (".npz", ".npy") else os.path.splitext(without_compression(output))[1]
    special = output == STREAM or output.startswith("/dev/")
    if form not in ("", ".jsonl", ".json", ".vec", ".txt", ".npz", ".npy") and not special:
        raise UserError(f"vectors cannot be written as {form}", where=output,
                        hint="expected one of: .npz, .npy, .vec, .txt, .jsonl")  # fmt: skip
    if form == ".npy" and pool == "none":
        raise UserError("a .npy file has one vector per text", where=output,
                        hint="give --pool mean, or write FILE.npz")  # fmt: skip
    return form


def check_layer(trained: TrainedBiLM, layer: str) -> None:
    """Raise a UserError where the model has no such layer."""
    highest = trained.settings.layers
    if layer in ("top", "mean") or (layer.isdecimal() and int(layer) <= highest):
        return
    raise UserError(f"--layer is {layer!r}", hint=f"give top, mean, or a number from 0 (the token"
                    f" vector itself) to {highest}")  # fmt: skip


def _embedded(
    trained: TrainedBiLM, inputs: list[str], settings: EmbedSettings, report: Reporter
) -> Iterator[Embedded]:
    options = stream_options(settings)
    identity = trained.run.config.tokenizer
    worker = WorkerOptions(identity, trained.run.subword_model(), settings.jvm_heap)
    expected = count_lines(inputs)
    with (
        text_splitter(trained.unit, worker, settings.workers, report, expected) as split,
        report.progress("embedding", expected, "texts") as progress,
    ):
        for path in inputs:
            with open_corpus(path, options) as corpus:
                require_tokenizer(corpus, identity)
                own = None if corpus.layout.tokenizer is None else corpus.layout.tokens
                for rows in batches_of(path, corpus, settings.batch_size):
                    texts = [row.text for row in rows]
                    tokens = list(map(own, texts) if own else split(texts))
                    yield from embed_tokens(trained, tokens, settings.layer, settings.pool)
                    progress.advance(len(tokens))
    options.errors.warn(report)


def embed_tokens(
    trained: TrainedBiLM, texts: list[list[str]], layer: str = "top", pool: str = "none"
) -> list[Embedded]:
    """Vectors of texts given as tokens.

    Args:
        layer: `top`, `mean` of all recurrent layers, or a number; 0 is the token vector itself.
        pool: `none`, or `mean`, `max`, `last` over a text's tokens.
    """
    start, end = trained.unit.line([])[0], trained.unit.line([])[-1]
    whole = ([start, *tokens, end] for tokens in texts)
    sequences = number_texts(trained.model.input, trained.run, whole)
    found: list[Embedded | None] = [None] * len(texts)
    with torch.inference_mode():
        for rows in sorted_batches(sequences.lengths, _EVAL_TOKENS):
            ids, lengths = (torch.from_numpy(a).to(trained.device) for a in sequences.padded(rows))
            states = _layer(trained, ids, lengths, layer).cpu().numpy()
            for at, row in enumerate(rows.tolist()):
                own = states[at, 1 : 1 + len(texts[row])]  # without <bos> and <eos>
                found[row] = Embedded(texts[row], _pooled(own, pool))
    return [item for item in found if item is not None]


def _layer(
    trained: TrainedBiLM, ids: torch.Tensor, lengths: torch.Tensor, layer: str
) -> torch.Tensor:
    vectors: torch.Tensor = trained.model.input(ids)
    if layer == "0":
        return vectors
    layers = trained.model.encoder.all_layers(vectors, lengths)
    both = [torch.cat(pair, dim=-1) for pair in layers]
    if layer == "mean":
        return torch.stack(both).mean(dim=0)
    return both[-1 if layer == "top" else int(layer) - 1]


def _pooled(vectors: Floats, pool: str) -> Floats:
    """[T, F] -> [1, F]; zeros for a text without tokens."""
    if pool == "none":
        return vectors
    if not len(vectors):
        return np.zeros((1, vectors.shape[1]), dtype=np.float32)
    ways: dict[str, Any] = {"mean": np.mean, "max": np.max}
    single = vectors[-1] if pool == "last" else ways[pool](vectors, axis=0)
    pooled: Floats = np.asarray(single, dtype=np.float32)[None]
    return pooled


def _write_json(sink: TextIO, texts: Iterator[Embedded]) -> int:
    count = 0
    for text in texts:
        record = {"tokens": text.tokens, "vectors": [[round(float(v), 6) for v in vector]
                                                     for vector in text.vectors]}  # fmt: skip
        sink.write(json.dumps(record, ensure_ascii=False) + "\n")
        sink.flush()
        count += 1
    return count


def _write_word2vec(sink: TextIO, texts: Iterator[Embedded]) -> int:
    """`count dimensions`, then one line per vector; a pooled text is named by its number."""
    everything = list(texts)
    total = sum(len(text.vectors) for text in everything)
    sink.write(f"{total} {everything[0].vectors.shape[1] if everything else 0}\n")
    for number, text in enumerate(everything, start=1):
        pooled = len(text.vectors) != len(text.tokens) or not text.tokens
        names = [f"text{number}"] if pooled else text.tokens
        for name, vector in zip(names, text.vectors, strict=True):
            sink.write(f"{name} {' '.join(f'{value:.6f}' for value in vector)}\n")
    return len(everything)


def _joined(texts: list[Embedded]) -> Floats:
    """The vectors of all texts, [ΣT, F]."""
    if not texts:
        return np.zeros((0, 0), dtype=np.float32)
    return np.concatenate([text.vectors for text in texts])


def _write_npy(output: str, texts: Iterator[Embedded]) -> int:
    """Write [N, F], one vector per text."""
    everything = list(texts)
    with write_binary(output) as sink:
        np.save(sink, _joined(everything))
    return len(everything)


def _write_npz(output: str, texts: Iterator[Embedded]) -> int:
    """Write `vectors` [ΣT, F], `tokens` [ΣT], and `offsets` [N + 1], where each text starts."""
    everything = list(texts)
    counts = [len(text.vectors) for text in everything]
    tokens = [token for text in everything for token in text.tokens]
    vectors = _joined(everything)
    with write_binary(output) as sink:
        np.savez(sink, vectors=vectors, offsets=np.cumsum([0, *counts]),
                 tokens=np.array(tokens, dtype=np.str_))  # fmt: skip
    return len(everything)
