"""Language modelling: batches, loss and validation.

Shapes: T time, B batch, H hidden.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from rnntool.data.chunks import Chunks, DocumentChunks, Place, StreamChunks, find_documents
from rnntool.models.language_model import LanguageModel
from rnntool.models.stateful import State, detach, reset_some
from rnntool.reporting import Reporter
from rnntool.runs.batches import ChunkTask
from rnntool.tasks.lm.data import PreparedText
from rnntool.tasks.lm.likelihood import likelihood_of_documents, likelihood_of_stream
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.lm.torch_model import TorchLanguageModel
from rnntool.text.vocabulary import PAD_ID
from rnntool.training.task import StepResult

_STREAMS = 32  # maximum number of parallel parts of the validation text
_SHORTEST = 512  # minimum length of a part, since each starts from a zero state


class LMTask(ChunkTask):
    """Batches, loss and validation of a language model, for the training loop."""

    def __init__(self, text: PreparedText, settings: LMSettings, report: Reporter) -> None:
        super().__init__(make_chunks(text, settings, report))
        self.text, self.settings, self.report = text, settings, report
        self.validates = text.held > 0
        self.state: State | None = None
        self.steps = 0

    def training_step(self, model: nn.Module, batch: Place, device: torch.device) -> StepResult:
        """The loss on one chunk, from the state after the previous chunk (truncated BPTT)."""
        chunk = self.chunks.read(batch)
        inputs = torch.from_numpy(chunk.inputs).to(device, non_blocking=True)
        targets = torch.from_numpy(chunk.targets).to(device, non_blocking=True)
        before = None if chunk.fresh or self.state is None else detach(self.state)
        if before is not None and self.settings.reset > 0:
            before = reset_some(before, self.settings.reset)
        lm = cast(LanguageModel, model)
        states, dropped, self.state = lm(inputs, before)
        real = (targets != PAD_ID).flatten()
        flat, wanted = dropped.flatten(0, 1), targets.flatten()
        if not bool(real.all()):
            flat, wanted = flat[real], wanted[real]
        nats = -lm.output.log_likelihood(flat, wanted).mean()
        return StepResult(nats + self._regularization(states, dropped), len(wanted), nats=nats)

    def _regularization(self, states: Tensor, dropped: Tensor) -> Tensor | float:
        """AR and TAR (Merity et al. 2018, §4.5): α ‖m ⊙ h_t‖² and β ‖h_t − h_{t+1}‖², as means."""
        alpha = self.settings.activation_regularization
        beta = self.settings.temporal_regularization
        penalty: Tensor | float = 0.0
        if alpha > 0:
            penalty = penalty + alpha * dropped.float().pow(2).mean()
        if beta > 0 and len(states) > 1:
            penalty = penalty + beta * (states[1:] - states[:-1]).float().pow(2).mean()
        return penalty

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Nats per token and perplexity on the validation text, with the state as in training."""
        total, count = self._held_likelihood(cast(LanguageModel, model), device)
        loss = -total / count
        return {"loss": loss, "perplexity": math.exp(min(loss, 700))}

    def _held_likelihood(self, model: LanguageModel, device: torch.device) -> tuple[float, int]:
        ids, start = self.text.validation, self.text.validation_start
        stop = len(ids)
        if self.settings.by_document:
            begins, ends = find_documents(ids, start, stop)
            values = likelihood_of_documents(model, ids, begins, ends - 1, device)
            return sum(float(own.sum()) for _, own in values), int((ends - 1 - begins).sum())
        streams = max(1, min(_STREAMS, (stop - start) // _SHORTEST))
        return likelihood_of_stream(model, ids, start, stop, device, streams, self.settings.window)

    def carried(self) -> dict[str, Tensor]:
        """The recurrent state, for a checkpoint."""
        flat = {}
        for number, layer in enumerate(self.state or []):
            for part, tensor in enumerate(layer if isinstance(layer, tuple) else (layer,)):
                flat[f"{number}.{part}"] = tensor.detach()
        return flat

    def carry_on(self, tensors: dict[str, Tensor], device: torch.device) -> None:
        """Restore the recurrent state from a checkpoint."""
        layers: dict[str, list[Tensor]] = {}
        for name in sorted(tensors):
            layers.setdefault(name.split(".")[0], []).append(tensors[name].to(device))
        ordered = [layers[key] for key in sorted(layers, key=int)]
        self.state = [tuple(p) if len(p) > 1 else p[0] for p in ordered] or None

    def after_step(self, model: nn.Module) -> None:
        """Print generated text after every `--sample-every` steps."""
        self.steps += 1
        every = self.settings.sample_every
        if every and self.steps % every == 0:
            self.report.note(sample(cast(LanguageModel, model), self.text, self.settings))


def make_chunks(text: PreparedText, settings: LMSettings, report: Reporter) -> Chunks:
    """The training text in chunks, as documents or as parallel streams."""
    if settings.by_document:
        chunks = DocumentChunks(
            text.train, text.train_stop, settings.batch_size, settings.bptt, settings.seed
        )
        if chunks.cut:
            report.note(f"documents longer than --bptt {settings.bptt} are cut into {chunks.cut:,}"
                        " additional pieces, each from a zero state")  # fmt: skip
        return chunks
    return StreamChunks(
        text.train,
        0,
        text.train_stop,
        settings.batch_size,
        settings.bptt,
        jitter=settings.bptt_jitter,
        seed=settings.seed,
        epoch_steps=settings.epoch_steps,
        stateless=settings.stateless,
    )


def sample(model: LanguageModel, text: PreparedText, settings: LMSettings) -> str:
    """Text generated by the model in its current state, to show during training."""
    from rnntool.generation.generate import generate
    from rnntool.generation.sampling import Sampling

    engine = TorchLanguageModel(model)
    generator = np.random.default_rng(settings.seed)
    ids = list(generate(engine, text.vocabulary, text.unit, [], settings.sample_length,
                        Sampling(), generator))  # fmt: skip
    shown = text.unit.text(text.vocabulary.decode(ids))
    return f"--- sample\n{shown}\n---"


def build_model(settings: LMSettings, vocabulary_size: int) -> LanguageModel:
    """An untrained language model."""
    return LanguageModel(settings, vocabulary_size)
