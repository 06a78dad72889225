"""Choose the device, the number format and the kernels for training on this machine.

The choice follows rules, not timings, so that a machine always makes the same choice. The rules
come from the time of a BiLSTM's forward and backward pass on machines with 2 cores:

- Xeon with AMX: bf16 through oneDNN is fastest by far, and fp32 is faster without oneDNN.
- EPYC with AVX-512 BF16, without AMX: bf16 takes 0.5 to 0.7 of the time of fp32 with 192 units, 0.6
  to 0.8 with 64, and gains nothing with 32. GRU and RNN gain less than LSTM.
- Without either, bf16 is emulated: 2 to 3 times the time of fp32 with AVX-512 (measured by
  oneDNN's limit on instructions), more without. oneDNN's fp32 LSTM is faster than torch's own by a
  fifth to a half.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

import torch

from rnntool.errors import UserError
from rnntool.machine import usable_cores

AMX = "AMX"
BF16_WIDTH = 64  # units of a recurrent layer from which on bf16 is faster
EMULATED = (
    "--precision bf16: this processor emulates bf16, and training takes two to three times as"
    " long as with fp32, or longer; leave the flag out"
)


@dataclass(frozen=True)
class Backend:
    """A device, a number format, and kernels."""

    device: torch.device
    precision: str  # fp32 or bf16
    onednn: bool  # CPU only: whether oneDNN computes the recurrent layers
    threads: int
    reason: str
    emulated: bool = False  # bf16 on a processor without bf16 products

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


def choose_backend(
    device: str = "auto", precision: str = "auto", threads: int = 0, width: int = BF16_WIDTH
) -> Backend:
    """The fastest backend of this machine that fits the user's choices.

    Args:
        width: units of a recurrent layer.

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
    units = bf16_units()
    fast = units is not None and width >= BF16_WIDTH
    chosen = precision if precision != "auto" else ("bf16" if fast else "fp32")
    reason = f"the processor multiplies bf16: {units}" if units else "the processor has no bf16"
    if units and not fast:
        reason += f", faster from {BF16_WIDTH} units on"
    onednn = chosen == "bf16" or units != AMX
    emulated = chosen == "bf16" and units is None
    return Backend(torch.device("cpu"), chosen, onednn, cores, reason, emulated)


def bf16_units() -> str | None:
    """The name of the processor's units for bf16 products; None if it has none."""
    probes = {AMX: "_is_amx_tile_supported", "AVX-512": "_is_avx512_bf16_supported"}
    for units, name in probes.items():
        probe = getattr(torch.cpu, name, None)
        if probe and probe():
            return units
    return None


def make_deterministic() -> None:
    """Refuse operations whose result depends on scheduling."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS needs it
    torch.use_deterministic_algorithms(True)


def describe_backend() -> str:
    """The choice of `train` on this machine, in one line."""
    return str(choose_backend())
