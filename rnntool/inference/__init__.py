"""Trained models on the NumPy cells: answers without torch."""
