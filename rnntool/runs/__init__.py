"""Code that all tasks share around a run directory: train it, open it, use it."""
