"""Sequence to sequence, many to many: an encoder and a decoder from a text to a text."""
