"""A linear-chain conditional random field over a tagger's scores: it scores pairs of tags too.

Lafferty, McCallum and Pereira 2001; over a BiLSTM as in Huang, Xu and Yu 2015. The forward
algorithm is pytorch-crf's.

Shapes: B batch, T time, C tags.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnntool.errors import UserError


class TagField(nn.Module):
    """Scores of single tags and of neighbouring tags, as one distribution over tag sequences."""

    def __init__(self, tags: int) -> None:
        super().__init__()
        try:
            from torchcrf import CRF
        except ImportError:
            raise UserError("--crf needs pytorch-crf", hint="pip install pytorch-crf") from None
        self.crf: Any = CRF(tags, batch_first=True)

    def loss(self, scores: Tensor, tags: Tensor, real: Tensor) -> Tensor:
        """−ln p(tags) of the whole sequences, divided by the number of tokens.

        Args:
            scores: [B, T, C].
            tags: [B, T] true tags; anything at padded steps.
            real: [B, T] False at padded steps; each row has at least one real step.
        """
        total: Tensor = self.crf(scores, tags, mask=real, reduction="sum")
        return -total / real.sum()

    def marginals(self, scores: Tensor, real: Tensor) -> Tensor:
        """[B, T, C] p(tag at t) over all sequences.

        ln p(y) = score(y) − ln Z, and ∂ ln Z / ∂ score_tk is the marginal of tag k at t: it is the
        gradient of score(y) minus that of ln p(y), for any y.
        """
        tags = torch.zeros(scores.shape[:2], dtype=torch.long, device=scores.device)
        mask = real.clone()
        mask[:, 0] = True  # for an empty row, whose result is not used
        with torch.inference_mode(False), torch.enable_grad():
            held = scores.detach().clone().requires_grad_()
            total = self.crf(held, tags.clone(), mask=mask.clone(), reduction="sum")
            (gradient,) = torch.autograd.grad(total, held)
        one = functional.one_hot(tags, scores.shape[2]).to(gradient.dtype)
        return (one - gradient).clamp(min=0)
