"""Reads texts in both directions, on the NumPy cells or, if they cannot, in torch.

Shapes: T tokens of a text, N positions, D embedding, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from rnntool.formats.rundir import Run
from rnntool.formats.weights import read_weights
from rnntool.inference.bilm import NumpyBiLM, Reading
from rnntool.inference.encoder import Floats, can_encode
from rnntool.reporting import Reporter
from rnntool.runs.answerer import TORCH_ANSWERS
from rnntool.runs.open import fitting_weights


class BiLMReader(Protocol):
    """A biLM that reads texts given as tokens."""

    def read(self, texts: Sequence[Sequence[str]]) -> list[Reading]:
        """Both directions' features at each position, including `<bos>` and `<eos>`."""

    def log_probabilities(self, known: Floats) -> Floats:
        """[N, D] features -> [N, V] log-probabilities of all tokens, in nats."""


class NumpyReader:
    """The NumPy cells.

    Raises:
        UserError: the weights do not fit the settings.
    """

    def __init__(self, run: Run, threads: int = 0) -> None:
        self.vocabulary = run.vocabulary
        with fitting_weights(run):
            self.engine = NumpyBiLM(run.config.settings, read_weights(run.weights), threads)

    def read(self, texts: Sequence[Sequence[str]]) -> list[Reading]:
        """Unknown tokens are read as `<unk>`."""
        return self.engine.read([self.vocabulary.encode(text) for text in texts])

    def log_probabilities(self, known: Floats) -> Floats:
        """[N, D] -> [N, V]."""
        return self.engine.log_probabilities(known)


class TorchReader:
    """The model in torch, which may read characters."""

    def __init__(self, run: Run, device: str = "auto", threads: int = 0) -> None:
        from rnntool.tasks.bilm.load import load_bilm

        self.trained = load_bilm(run, device, threads)

    def read(self, texts: Sequence[Sequence[str]]) -> list[Reading]:
        """Tokens that are not in the softmax are `<unk>` as targets, even if they can be read."""
        import torch

        from rnntool.data.sequences import sorted_batches
        from rnntool.runs.spelled import number_texts
        from rnntool.text.vocabulary import UNK_ID

        model, device = self.trained.model, self.trained.device
        sequences = number_texts(model.input, self.trained.run, map(list, texts))
        found: dict[int, Reading] = {}
        with torch.inference_mode():
            for rows in sorted_batches(sequences.lengths, 8_192):
                ids, lengths = sequences.padded(rows)
                vectors = model.input(torch.from_numpy(ids).to(device))
                ways = model.encoder.all_layers(vectors, torch.from_numpy(lengths).to(device))[-1]
                known = [p(w).cpu().numpy() for p, w in zip(model.project, ways, strict=True)]
                targets = np.where(ids < model.output.embedding.num_embeddings, ids, UNK_ID)
                for n, (row, T) in enumerate(zip(rows.tolist(), lengths.tolist(), strict=True)):
                    found[row] = Reading(targets[n, :T], known[0][n, :T], known[1][n, :T])
        return [found[row] for row in range(len(texts))]

    def log_probabilities(self, known: Floats) -> Floats:
        """[N, D] -> [N, V]."""
        import torch

        output = self.trained.model.output
        with torch.inference_mode():
            features = torch.from_numpy(np.ascontiguousarray(known)).to(self.trained.device)
            scores = torch.nn.functional.linear(features, output.embedding.weight, output.bias)
            found: Floats = torch.log_softmax(scores.float(), dim=-1).cpu().numpy()
        return found


def open_reader(run: Run, settings: Any, report: Reporter) -> BiLMReader:
    """The NumPy cells if they support the run's model and no GPU is requested; else torch.

    Args:
        settings: its `device` and `threads` count.

    Raises:
        UserError: the run's weights cannot be used.
    """
    if settings.device != "cuda" and can_encode(run.config.settings):
        return NumpyReader(run, settings.threads)
    report.detail(TORCH_ANSWERS)
    return TorchReader(run, settings.device, settings.threads)
