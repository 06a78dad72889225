"""Torch modules: inputs, encoders, heads. No files, no printing.

Shapes: B batch, T time, D input, H hidden, V vocabulary, C classes.
"""
