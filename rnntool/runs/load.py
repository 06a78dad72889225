"""A run directory opened: the model built, its weights restored, and put on its device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import nn

from rnntool.configuration import build
from rnntool.formats.rundir import Run, open_run, require_task
from rnntool.runs.start import require_fitting, restore_weights
from rnntool.training.backend import choose_backend

S = TypeVar("S")
M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Opened(Generic[S, M]):
    """A run directory's model, ready to answer."""

    run: Run
    settings: S
    model: M
    device: torch.device


def open_trained(
    path: str,
    task: str,
    kind: type[S],
    build_model: Callable[[S, Run], M],
    device: str = "auto",
    threads: int = 0,
) -> Opened[S, M]:
    """Open a run directory of `train TASK`.

    Args:
        kind: the task's settings.
        build_model: a fresh model by the run's settings.

    Raises:
        UserError: it is none, is damaged, or was trained for another task.
    """
    run = require_task(open_run(path), task)
    settings = build(kind, run.config.settings, where=f"{path}/config.yaml")
    backend = choose_backend(device, "fp32", threads)
    backend.activate()
    require_fitting(lambda: build_model(settings, run), run)
    model = build_model(settings, run)
    restore_weights(model, run)
    return Opened(run, settings, model.eval().to(backend.device), backend.device)
