"""A language model: each token predicts the next."""
