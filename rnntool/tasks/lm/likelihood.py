"""The log-likelihood of a text under a language model, in torch.

Shapes: T time, B batch, N texts.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from rnntool.data.chunks import Chunk, StreamChunks, read_spans
from rnntool.data.id_file import IdFile, Ints
from rnntool.data.sequences import sorted_batches
from rnntool.models.language_model import LanguageModel
from rnntool.models.stateful import State, detach
from rnntool.text.vocabulary import PAD_ID

Floats = NDArray[np.float64]
_STEPS = 256  # length of a chunk, to limit the memory
_TOKENS = 16_384  # maximum size of a batch of documents


def likelihood_of_stream(
    model: LanguageModel,
    ids: IdFile,
    start: int,
    stop: int,
    device: torch.device,
    streams: int = 1,
    window: int = 0,
) -> tuple[float, int]:
    """Log-likelihood in nats of the tokens after `start`, and their number.

    The state is carried through the text. With several `streams`, the text is cut into that many
    parts, which are read in parallel, each from a zero state; this is faster and gives a slightly
    lower likelihood. With a `window`, the state is reset to zero after that many tokens.
    """
    total, count = 0.0, 0
    state: State | None = None
    chunks = StreamChunks(ids, start, stop, streams, window or _STEPS, stateless=window > 0)
    with torch.inference_mode():
        for place in chunks.places(1):
            chunk = chunks.read(place)
            before = None if chunk.fresh else state
            values, state = chunk_likelihood(model, chunk, before, device)
            total += float(values.double().sum())
            count += values.numel()
    return total, count


def likelihood_of_documents(
    model: LanguageModel, ids: IdFile, starts: Ints, stops: Ints, device: torch.device
) -> Iterator[tuple[int, Floats]]:
    """Log-likelihoods in nats of the tokens after the first of each document, in any order.

    Yields:
        The document's number, and [tokens - 1] values.
    """
    lengths = stops - starts
    with torch.inference_mode():
        for rows in sorted_batches(lengths, _TOKENS):
            if int(lengths[rows].max()) == 0:
                yield from ((int(row), np.zeros(0)) for row in rows)
                continue
            chunk = read_spans(ids, starts[rows], stops[rows])
            values, _ = chunk_likelihood(model, chunk, None, device)
            table = values.double().cpu().numpy()
            for column, row in enumerate(rows.tolist()):
                yield row, table[: int(lengths[row]), column]


def chunk_likelihood(
    model: LanguageModel, chunk: Chunk, state: State | None, device: torch.device
) -> tuple[torch.Tensor, State]:
    """[T, B] log-likelihoods in nats, 0 for padding, and the state after the chunk."""
    inputs = torch.from_numpy(chunk.inputs).to(device)
    targets = torch.from_numpy(chunk.targets).to(device)
    before = None if state is None else detach(state)
    _, dropped, after = model(inputs, before)
    values = model.output.log_likelihood(dropped.flatten(0, 1), targets.flatten())
    return values.view(targets.shape).masked_fill(targets == PAD_ID, 0.0), after
