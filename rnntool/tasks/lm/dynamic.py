"""Dynamic evaluation: after each chunk of the text is scored, the model learns from it.

Krause et al. 2018, "Dynamic Evaluation of Neural Sequence Models", §3, in its simple form: gradient
descent on the loss of each chunk, with decay towards the trained weights (their eq. 6 without the
RMS scaling). The gradient is clipped to a global norm of 1.
"""

from __future__ import annotations

import torch

from rnntool.data.chunks import StreamChunks
from rnntool.data.id_file import IdFile
from rnntool.models.language_model import LanguageModel
from rnntool.models.stateful import State
from rnntool.tasks.lm.likelihood import chunk_likelihood
from rnntool.training.optim import clip_gradient

_DECAY = 0.002  # share of the distance to the trained weights that each step returns
_CLIP = 1.0  # global norm


def dynamic_likelihood(
    model: LanguageModel, ids: IdFile, start: int, bptt: int, lr: float, device: torch.device
) -> tuple[float, int]:
    """Log-likelihood in nats of the tokens after `start`, and their number; changes the model."""
    trained = [p.detach().clone() for p in model.parameters()]
    chunks = StreamChunks(ids, start, len(ids), 1, bptt)
    state: State | None = None
    total, count = 0.0, 0
    for place in chunks.places(1):
        values, state = chunk_likelihood(model, chunks.read(place), state, device)
        total += float(values.detach().double().sum())
        count += values.numel()
        model.zero_grad(set_to_none=True)
        (-values.mean()).backward()  # type: ignore[no-untyped-call]
        clip_gradient(model.parameters(), _CLIP)
        with torch.no_grad():
            for parameter, origin in zip(model.parameters(), trained, strict=True):
                # θ ← θ + λ (θ₀ − θ) − η g, both from the same θ; without a gradient g is 0
                parameter.lerp_(origin, _DECAY)
                if parameter.grad is not None:
                    parameter.sub_(lr * parameter.grad)
    return total, count
