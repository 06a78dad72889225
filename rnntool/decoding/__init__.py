"""From a language model's probabilities to text. NumPy alone: an answer must not wait for torch."""
