"""Inspect a machine, a run, or a model, without training."""
