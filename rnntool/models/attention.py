"""Attention of a decoder over the states of an encoder.

Shapes: B batch, S source steps, T target steps, E encoder features, H hidden.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Attention(nn.Module):
    """Global attention (Luong, Pham and Manning 2015, "Effective Approaches to Attention-based
    Neural Machine Translation", equations 5, 7 and 8).

    score(h_t, m_s) = h_tᵀ W m_s (`general`) or h_tᵀ m_s of the projected memory (`dot`);
    a_t = softmax over the real s; c_t = Σ a_ts m_s; h̃_t = tanh(W_c [c_t; h_t]).
    """

    def __init__(self, kind: str, hidden: int, memory: int) -> None:
        super().__init__()
        if kind == "dot" and hidden != memory:
            # A dot product needs vectors of equal size: project the memory to the decoder's size.
            self.memory: nn.Module = nn.Linear(memory, hidden, bias=False)
            memory = hidden
        else:
            self.memory = nn.Identity()
        self.score: nn.Module = (
            nn.Linear(hidden, memory, bias=False) if kind == "general" else nn.Identity()
        )
        self.combine = nn.Linear(memory + hidden, hidden, bias=False)

    def forward(self, states: Tensor, memory: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Attend to the memory from each step.

        Args:
            states: the decoder's [B, T, H].
            memory: the encoder's [B, S, E], right-padded.
            lengths: [B] real steps of the memory, at least 1.

        Returns:
            h̃ [B, T, H] and the weights a [B, T, S], which are 0 at padded steps.
        """
        memory = self.memory(memory)
        scores = self.score(states) @ memory.transpose(1, 2)
        padding = torch.arange(memory.shape[1], device=lengths.device) >= lengths.unsqueeze(1)
        scores = scores.masked_fill(padding.unsqueeze(1), -torch.inf)
        weights = torch.softmax(scores.float(), dim=-1).to(states.dtype)
        context = weights @ memory
        combined: Tensor = torch.tanh(self.combine(torch.cat([context, states], dim=-1)))
        return combined, weights
