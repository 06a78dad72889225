"""Trained models in Python, over the same code as the commands: what `rnntool.load` gives."""

from rnntool.api.model import Model, load

__all__ = ["Model", "load"]
