"""Text from a model's probabilities: sampling, greedy and beam search."""
