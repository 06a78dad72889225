"""Settings of every training (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.errors import UserError
from rnntool.registry import DEVICES, OPTIMIZERS, PRECISIONS, SCHEDULES

_OPTIMISATION = "Optimisation"
_MACHINE = "Machine"


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """Optimiser, schedule, stopping, machine."""

    epochs: int = setting(3, "Maximum number of epochs.", min=1, panel=_OPTIMISATION)
    batch_size: int = setting(128, "Batch size, in sequences.", min=1, panel=_OPTIMISATION)
    optimizer: str = setting("adamw", "Optimiser.", choices=OPTIMIZERS, panel=_OPTIMISATION)
    lr: float = setting(0.003, "Learning rate; its peak with one-cycle.", min=0.0,
                        panel=_OPTIMISATION)  # fmt: skip
    weight_decay: float = setting(
        0.01,
        "Weight decay: decoupled for adamw, L2 for adam and sgd.",
        min=0.0,
        panel=_OPTIMISATION,
    )
    momentum: float = setting(0.9, "Momentum of sgd.", min=0.0, max=0.999, panel=_OPTIMISATION)
    layer_decay: float = setting(
        1.0, "Fine-tuning: each layer's learning rate, as a share of that of the layer above.",
        min=0.01, max=1.0, panel=_OPTIMISATION,
    )  # fmt: skip
    unfreeze: int = setting(
        0, "Fine-tuning: train the top layer first, then add one per this many epochs; 0: all.",
        min=0, panel=_OPTIMISATION,
    )  # fmt: skip
    schedule: str = setting(
        "one-cycle",
        "Learning rate schedule: one-cycle (up, then down), halved on a plateau, or constant.",
        choices=SCHEDULES,
        panel=_OPTIMISATION,
    )
    clip_norm: float = setting(
        1.0, "Clip the global norm of the gradient to this; 0: never.", min=0.0, panel=_OPTIMISATION
    )
    average: float = setting(
        0.998,
        "Decay of a moving average of the weights, which is validated and kept; 0: none.",
        min=0.0,
        max=0.99999,
        panel=_OPTIMISATION,
    )
    patience: int = setting(
        3,
        "Stop after this many epochs without a better validation score; 0: never.",
        min=0,
        panel=_OPTIMISATION,
    )
    checkpoint_every: float = setting(
        5.0, "Write a checkpoint after this many minutes, and after each epoch; 0: only epochs.",
        min=0.0, panel=_MACHINE,
    )  # fmt: skip
    checkpoint_steps: int = setting(
        0, "Also write a checkpoint after this many steps; 0: by time only.", min=0, panel=_MACHINE
    )
    keep_epochs: bool = setting(
        False, "Keep each epoch's weights in the run, for inspect-grad --over-training.",
        panel=_OPTIMISATION,
    )  # fmt: skip
    seed: int = setting(1, "Random seed.", min=0, panel=_OPTIMISATION)
    device: str = setting("auto", "Compute device.", choices=DEVICES, panel=_MACHINE)
    precision: str = setting(
        "auto", "Precision of the forward pass.", choices=PRECISIONS, panel=_MACHINE
    )
    threads: int = setting(0, "CPU threads; 0: all cores.", min=0, panel=_MACHINE)
    deterministic: bool = setting(
        False,
        "Give exactly the same weights whenever this machine repeats the command.",
        panel=_MACHINE,
    )

    def check(self) -> None:
        """Raise a UserError where two settings exclude each other."""
        if self.schedule == "plateau" and getattr(self, "validation", None) in ("0", "0.0", 0.0):
            raise UserError("--schedule plateau needs validation data, and --validation is 0")
