"""Open a run in torch: build the model, load its weights, and move it to its device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import nn

from rnntool.configuration import build
from rnntool.errors import UserError
from rnntool.formats.rundir import CONFIG, Run, require_task
from rnntool.formats.weights import read_shapes
from rnntool.runs.open import open_run
from rnntool.training.backend import choose_backend
from rnntool.training.checkpoint import load_weights

S = TypeVar("S")
M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Opened(Generic[S, M]):
    """A run with its torch model."""

    run: Run
    settings: S
    model: M
    device: torch.device


def open_trained(
    run: str | Run,
    task: str,
    kind: type[S],
    build_model: Callable[[S, Run], M],
    device: str = "auto",
    threads: int = 0,
) -> Opened[S, M]:
    """Build the model of a run of `train TASK`.

    Args:
        run: a run, or the path of one.
        kind: the class of the task's settings.
        build_model: makes an untrained model from the run's settings.

    Raises:
        UserError: the path is not a run, the run is damaged, or it is of another task.
    """
    run = require_task(open_run(run) if isinstance(run, str) else run, task)
    settings = build(kind, run.config.settings, where=run.path / CONFIG)
    backend = choose_backend(device, "fp32", threads)
    backend.activate()
    require_fitting(lambda: build_model(settings, run), run)
    model = build_model(settings, run)
    restore_weights(model, run)
    return Opened(run, settings, model.eval().to(backend.device), backend.device)


def require_fitting(build_model: Callable[[], nn.Module], run: Run) -> None:
    """Compare the sizes in a run's settings with its weights, before memory is allocated.

    Raises:
        UserError: they differ, so the settings or the weights were changed after training.
    """
    with torch.device("meta"):
        wanted = {name: list(t.shape) for name, t in build_model().state_dict().items()}
    found = read_shapes(run.weights)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise UserError(f"do not fit the model: {name} is {found.get(name) or 'missing'}, but"
                            f" the settings need {wanted.get(name) or 'none'}",
                            where=run.weights)  # fmt: skip


def restore_weights(model: nn.Module, run: Run) -> None:
    """Load a run's weights into a model.

    Raises:
        UserError: the weights are damaged, or have other shapes.
    """
    try:
        model.load_state_dict(load_weights(run.weights))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"do not fit the model: {reason}", where=run.weights) from None
