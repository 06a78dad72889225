"""Trained models in Python, as `rnntool.load` returns them; they use the commands' own code."""

from rnntool.api.model import Model, load

__all__ = ["Model", "load"]
