"""Scores and gradients of any classifier or tagger in torch, in float64, by autograd.

It is used where the NumPy cells cannot: for convolutions, layer normalisation, inputs that read
characters, frozen features of a biLM (a part of each token's input vector), and conditional random
fields.

Shapes: N texts, S points of a path, T tokens, D inputs of the encoder, C labels.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rnntool.data.labelled import Labelled
from rnntool.formats.rundir import Run
from rnntool.formats.tagged import Sentence
from rnntool.inspection.engines import Engine, Floats, Texts
from rnntool.models.crf import TagField
from rnntool.runs.spelled import number_texts
from rnntool.tasks.classify.load import load_classifier
from rnntool.tasks.tag.load import load_tagger
from rnntool.tasks.tag.task import batch_scores

_TOGETHER = 64  # texts, or points of a path, per batch


def open_engine(run: Run) -> Engine:
    """The engine of a run of `train classify` or `train tag`.

    Raises:
        UserError: the run's weights cannot be used.
    """
    return _Tagger(run) if run.config.task == "tag" else _Classifier(run)


class _TorchEngine(Engine):
    """Common part of classifiers and taggers: a hook before the encoder scales its input."""

    model: nn.Module

    @abstractmethod
    def forward(self, texts: Texts, places: Sequence[int] | None) -> Tensor:
        """[N, C] scores."""

    def scores(self, texts: Texts, places: Sequence[int] | None = None) -> Floats:
        """See `Engine`."""
        found = []
        with torch.no_grad(), self._reading(None, []):
            for start in range(0, len(texts), _TOGETHER):
                rows = slice(start, start + _TOGETHER)
                found.append(self.forward(texts[rows], None if places is None else places[rows]))
        return np.asarray(torch.cat(found).numpy())

    def along(
        self, tokens: Sequence[str], scales: Floats, label: int, place: int | None = None
    ) -> tuple[Floats, Floats]:
        """See `Engine`."""
        scores, products = [], []
        for part in torch.split(torch.from_numpy(scales), _TOGETHER):
            read: list[tuple[Tensor, Tensor]] = []
            with self._reading(part[:, None, None], read):
                found = self.forward(
                    [tokens] * len(part), None if place is None else [place] * len(part)
                )[:, label]
            ((x, scaled),) = read
            (gradient,) = torch.autograd.grad(found.sum(), scaled)
            scores.append(found.detach())
            products.append((gradient * x).sum(dim=2))
        return torch.cat(scores).numpy(), torch.cat(products).numpy()

    def blanked(self, tokens: Sequence[str], place: int) -> Floats:
        """See `Engine`."""
        scale = torch.ones(1, len(tokens), 1, dtype=torch.float64)
        scale[0, place] = 0
        with torch.no_grad(), self._reading(scale, []):
            found: Floats = self.forward([tokens], [place])[0].numpy()
        return found

    @contextmanager
    def _reading(self, scale: Tensor | None, read: list[tuple[Tensor, Tensor]]) -> Iterator[None]:
        """Scale the encoder's input, and keep the vectors before and after scaling."""

        def hook(module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
            x = given[0].detach().double()
            scaled = x if scale is None else x * scale
            scaled.requires_grad_(torch.is_grad_enabled())
            read.append((x, scaled))
            return (scaled, *given[1:])

        encoder = self.model.encoder
        assert isinstance(encoder, nn.Module)
        handle = encoder.register_forward_pre_hook(hook)
        try:
            yield
        finally:
            handle.remove()


class _Classifier(_TorchEngine):
    def __init__(self, run: Run) -> None:
        opened = load_classifier(run, "cpu")
        self.run, self.classifier = run, opened.model.double()
        self.model = self.classifier

    def forward(self, texts: Texts, places: Sequence[int] | None) -> Tensor:
        sequences = number_texts(self.classifier.input, self.run, map(list, texts))
        data = Labelled(sequences, np.zeros(len(sequences), dtype=np.int64), 0)
        ids, lengths = data.sequences.padded(np.arange(len(sequences)))
        z: Tensor = self.classifier(torch.from_numpy(ids), torch.from_numpy(lengths)).double()
        if self.classifier.several:
            return z
        if z.shape[1] == 1:  # σ(s) is the softmax of (0, s)
            z = torch.cat([torch.zeros_like(z), z], dim=1)
        return _log_odds(z)


class _Tagger(_TorchEngine):
    def __init__(self, run: Run) -> None:
        opened = load_tagger(run, "cpu")
        self.reader, self.tagger = opened.reader, opened.model.double()
        self.model = self.tagger

    def forward(self, texts: Texts, places: Sequence[int] | None) -> Tensor:
        assert places is not None
        data = self.reader.encode([Sentence(1, list(text)) for text in texts], "")
        z, _, real = batch_scores(self.tagger, data, np.arange(len(texts)), torch.device("cpu"))
        if self.tagger.field is not None:
            return _marginal_log_odds(self.tagger.field, z.double(), real, places)
        return _log_odds(z.double()[torch.arange(len(texts)), torch.tensor(places)])


def _log_odds(z: Tensor) -> Tensor:
    """[N, C] log p / (1 - p) of each class, from the inputs of the softmax."""
    C = z.shape[1]
    others = z[:, None, :].masked_fill(torch.eye(C, dtype=torch.bool), -torch.inf)
    return z - others.logsumexp(dim=2)


def _marginal_log_odds(field: TagField, z: Tensor, real: Tensor, places: Sequence[int]) -> Tensor:
    """[N, C] log p / (1 - p) of the marginal of each tag at one token of each sentence.

    log p of tag k at t is α_t(k) + β_t(k) minus the logarithm of the partition function; α and β
    are the forward and the backward variables in logarithms (Lafferty, McCallum and Pereira 2001).

    Args:
        z: [N, T, C] scores of single tags.
        real: [N, T] False at padded steps.
    """
    crf = field.crf
    found = []
    for row, mask, place in zip(z, real, places, strict=True):
        own = row[mask]
        alpha = crf.start_transitions + own[0]
        for t in range(1, place + 1):
            alpha = (alpha[:, None] + crf.transitions).logsumexp(dim=0) + own[t]
        beta = crf.end_transitions
        for t in range(len(own) - 1, place, -1):
            beta = (crf.transitions + (own[t] + beta)[None, :]).logsumexp(dim=1)
        found.append(alpha + beta)
    return _log_odds(torch.stack(found))
