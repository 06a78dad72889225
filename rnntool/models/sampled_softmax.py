"""The likelihood of a token within a sample of the vocabulary, and within the whole of it.

Shapes: N tokens, E features, V vocabulary, S samples.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_POWER = 0.75  # of the counts: rare tokens are drawn more often than they occur in the text
_ROWS = 2048  # tokens scored against the whole vocabulary at a time: bounds the memory


class TiedSoftmax(nn.Module):
    """A softmax whose matrix is the embedding (Press and Wolf 2017), full or sampled.

    Sampled: the true token against S others, shared by the whole batch. From each score the log of
    the token's expected number of draws is subtracted, so that the sum over the sample is an
    unbiased estimate of the sum over all others
     (importance sampling; Bengio and Senécal 2003, "Quick Training of
    Probabilistic Neural Nets by Importance Sampling"; Jean et al. 2015, "On Using Very Large Target
    Vocabulary for Neural Machine Translation").

    Args:
        embedding: [V, E], shared and not copied.
        counts: [V] how often each token occurs in the training text.
    """

    def __init__(self, embedding: nn.Embedding, counts: Tensor) -> None:
        super().__init__()
        self.embedding = embedding
        self.reads_rows_alone = False  # see EmbeddingInput; `log_likelihood` uses all rows
        seen = counts.double().clamp(min=1)
        # Before the first step each token's probability is its frequency.
        self.bias = nn.Parameter((seen / seen.sum()).log().to(embedding.weight.dtype))
        weights = seen**_POWER
        self.probabilities: Tensor
        self.register_buffer("probabilities", (weights / weights.sum()).float(), persistent=False)

    def sampled_loss(
        self, features: Tensor, targets: Tensor, own: Tensor, samples: Tensor, others: Tensor
    ) -> Tensor:
        """Mean −ln p(target) among the samples.

        Args:
            features: [N, E].
            targets: [N], with `own` [N, E], their rows of the matrix.
            samples: [S] token numbers, as `draw` gives them, with `others` [S, E], their rows.
        """
        true = ((features * own).sum(-1) + self.bias[targets]).float()
        drawn = torch.log(self.probabilities[samples] * len(samples))
        other = (features @ others.T + (self.bias[samples] - drawn)).float()
        with torch.no_grad():  # a target is not its own rival; where p is 0, so is the gradient
            other.masked_fill_(targets.unsqueeze(1) == samples, -torch.inf)
        scores = torch.cat([true.unsqueeze(1), other], dim=1)
        return functional.cross_entropy(scores, torch.zeros_like(targets))

    def draw(self, count: int) -> Tensor:
        """[S] token numbers, drawn with replacement."""
        return torch.multinomial(self.probabilities, count, replacement=True)

    def log_likelihood(self, features: Tensor, targets: Tensor) -> Tensor:
        """[N] ln p(target) among all V tokens."""
        parts = []
        for start in range(0, len(features), _ROWS):
            piece = slice(start, start + _ROWS)
            scores = functional.linear(features[piece], self.embedding.weight, self.bias).float()
            parts.append(-functional.cross_entropy(scores, targets[piece], reduction="none"))
        return torch.cat(parts) if parts else features.new_zeros(0)
