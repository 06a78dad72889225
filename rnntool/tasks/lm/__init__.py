"""Language modelling: each token predicts the next one."""
