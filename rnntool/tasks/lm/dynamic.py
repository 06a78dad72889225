"""Dynamic evaluation: the model learns from each chunk of the text after it has been scored on it.

Krause et al. 2018, "Dynamic Evaluation of Neural Sequence Models", §3, in its plain form: gradient
descent on each chunk's loss, with a decay towards the trained weights (their eq. 6 without the
RMS scaling), the gradient clipped to a global norm of 1.
"""

from __future__ import annotations

import torch

from rnntool.data.chunks import StreamChunks
from rnntool.data.id_file import IdFile
from rnntool.models.language_model import LanguageModel
from rnntool.models.stateful import State
from rnntool.tasks.lm.likelihood import chunk_likelihood
from rnntool.training.optim import clip_gradient

_DECAY = 0.002  # of the way back to the trained weights, each step
_CLIP = 1.0  # global norm


def dynamic_likelihood(
    model: LanguageModel, ids: IdFile, start: int, bptt: int, lr: float, device: torch.device
) -> tuple[float, int]:
    """Log-likelihood in nats of the tokens after `start`, and how many; the model is changed."""
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
                if parameter.grad is not None:
                    # θ ← θ + λ (θ₀ − θ) − η g, both from the same θ
                    parameter.lerp_(origin, _DECAY).sub_(lr * parameter.grad)
    return total, count
