"""The training loop, independent of any task."""
