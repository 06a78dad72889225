"""`rnntool models`: the models that can be used by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnntool.errors import UserError, one_of
from rnntool.formats.card import read_card
from rnntool.formats.run_folder import size_of
from rnntool.formats.run_names import VARIABLE, named_models
from rnntool.formats.rundir import CARD, RunConfig, read_config
from rnntool.reporting import Reporter


@dataclass(frozen=True)
class Model:
    """One model of the list."""

    name: str
    task: str
    bytes: int
    score: str
    summary: str
    folder: Path

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return {**vars(self), "folder": str(self.folder)}


def list_models(report: Reporter) -> list[Model]:
    """The package's models and those of RNNTOOL_MODELS; with a warning for damaged ones."""
    found = []
    for name, folder in named_models().items():
        try:
            found.append(_model(name, folder))
        except UserError as error:
            report.warn(str(error))
    return found


def card_text(name: str) -> str:
    """A model's card, the text of its file.

    Raises:
        UserError: there is no such model, or it has no card.
    """
    models = named_models()
    if name not in models:
        raise UserError(f"no model {name!r}", hint=f"{one_of(name, models)}; {VARIABLE} adds a"
                        " folder of your own")  # fmt: skip
    if read_card(models[name]) is None:
        raise UserError(f"has no {CARD}", where=models[name],
                        hint="rnntool describe shows what it is")  # fmt: skip
    return (models[name] / CARD).read_text(encoding="utf-8")


def _model(name: str, folder: Path) -> Model:
    config, card = read_config(folder), read_card(folder)
    size = size_of(folder)
    if card is None:
        return Model(name, config.task, size, _validated(config), "", folder)
    score = f"{card.figure.replace('_', ' ')} {card.value:.4g} ({card.data})"
    return Model(name, config.task, size, score, card.summary, folder)


def _validated(config: RunConfig) -> str:
    """The validation figure of a training; the loss if it has no other."""
    figures = {key: value for key, value in config.results.items()
               if key.startswith("validation_") and isinstance(value, float)}  # fmt: skip
    best = next((key for key in figures if key != "validation_loss"), "validation_loss")
    return f"{best.replace('_', ' ')} {figures[best]:.4g}" if best in figures else ""
