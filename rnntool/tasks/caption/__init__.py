"""Captioning, one to many: a text for each vector."""
