"""Choose the device, the number format and the kernels for training on this machine.

The choice follows rules, not timings, so that a machine always makes the same choice. The rules
come from measurements on two Xeon machines with 2 cores. On a processor that multiplies bf16
matrices (AMX), bf16 with oneDNN is by far the fastest, and fp32 is faster without oneDNN. On other
processors bf16 is emulated and slow, and oneDNN's fp32 LSTM is faster than torch's by a fifth to a
half.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

import torch

from rnntool.errors import UserError
from rnntool.machine import usable_cores


@dataclass(frozen=True)
class Backend:
    """A device, a number format, and kernels."""

    device: torch.device
    precision: str  # fp32 or bf16
    onednn: bool  # CPU only: whether oneDNN computes the recurrent layers
    threads: int
    reason: str

    def __str__(self) -> str:
        kernels = "" if self.device.type == "cuda" else f", oneDNN {'on' if self.onednn else 'off'}"
        threads = "" if self.device.type == "cuda" else f", {self.threads} threads"
        return f"{self.device.type} {self.precision}{kernels}{threads} ({self.reason})"

    def activate(self) -> None:
        """Set torch's threads and kernels for this process."""
        torch.set_num_threads(self.threads)
        torch.backends.mkldnn.enabled = self.onednn  # type: ignore[assignment]

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """A context in which the forward pass uses the chosen number format."""
        if self.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)


def choose_backend(device: str = "auto", precision: str = "auto", threads: int = 0) -> Backend:
    """The fastest backend of this machine that fits the user's choices.

    Raises:
        UserError: `device` is cuda, but there is no GPU.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: torch finds no GPU", hint="give --device cpu")
    cores = threads or usable_cores()
    if device != "cpu" and torch.cuda.is_available():
        chosen = precision if precision != "auto" else "bf16"
        name = torch.cuda.get_device_name()
        return Backend(torch.device("cuda"), chosen, True, cores, name)
    fast_bf16 = has_bf16_matrix_units()
    chosen = precision if precision != "auto" else ("bf16" if fast_bf16 else "fp32")
    reason = "the processor multiplies bf16 matrices" if fast_bf16 else "no bf16 matrix units"
    onednn = chosen == "bf16" or not fast_bf16
    return Backend(torch.device("cpu"), chosen, onednn, cores, reason)


def has_bf16_matrix_units() -> bool:
    """Whether the processor has AMX tiles for bf16."""
    probe = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(probe and probe())


def make_deterministic() -> None:
    """Refuse operations whose result depends on scheduling."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS needs it
    torch.use_deterministic_algorithms(True)


def describe_backend() -> str:
    """The choice of `train` on this machine, in one line."""
    return str(choose_backend())
