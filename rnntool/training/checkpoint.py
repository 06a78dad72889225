"""The whole state of a training on disk, without pickle: tensors as safetensors, the rest as JSON.

A checkpoint is a folder. It is written under another name and then renamed, so that after a kill
either the old checkpoint or the new one is there.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from rnntool.errors import UserError
from rnntool.formats.int8 import SAME, SCALE
from rnntool.formats.weights import read_weights
from rnntool.formats.writing import umask, write_directory


@dataclass
class Position:
    """How far a training is: the plain values of a checkpoint."""

    epoch: int = 0  # finished epochs
    step: int = 0  # finished steps of the current epoch
    best_score: float = -math.inf  # higher is better
    best_loss: float = math.inf  # of that epoch; with equal scores, the lower loss wins
    best_epoch: int = 0
    since_best: int = 0
    schedule: dict[str, Any] = field(default_factory=dict)
    totals: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)


def save_weights(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write named tensors as a safetensors file, which appears when it is complete.

    Raises:
        UserError: the disk is full, or the path cannot be written.
    """
    packed = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    part = path.with_name(f".{path.name}.part")
    try:
        save_file(packed, part)
        part.chmod(0o666 & ~umask())  # the library allows only its owner to read it
        os.replace(part, path)
    except SafetensorError as error:
        part.unlink(missing_ok=True)
        reason = str(error).partition("I/O error: ")[2] or str(error)
        raise UserError(f"cannot be written: {reason}", where=path) from None


def load_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file; a compressed run's are float32 again.

    Raises:
        UserError: the file is missing or damaged, or a value is not finite.
    """
    try:
        tensors = load_file(path)
    except FileNotFoundError:
        raise UserError("no such file", where=path, hint="the run is incomplete") from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"damaged weights: {error}", where=path) from None
    if any(t.dtype == torch.int8 or n.endswith((SCALE, SAME)) for n, t in tensors.items()):
        return {name: torch.from_numpy(own) for name, own in read_weights(path).items()}
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise UserError(f"damaged weights: {name} has a value that is not finite", where=path)
    return tensors


def save_checkpoint(
    folder: Path,
    model: nn.Module,
    optimizer: Optimizer,
    tensors: dict[str, dict[str, Tensor]],
    position: dict[str, Any],
) -> None:
    """Write the model, the optimiser, the random state, other sets of tensors, and the position.

    Args:
        folder: path of the checkpoint; an older checkpoint is replaced.
        tensors: named sets of tensors, such as the best weights or an average.
        position: plain values for JSON.
    """
    packed = {"model." + name: t for name, t in model.state_dict().items()}
    for set_name, members in tensors.items():
        packed |= {f"{set_name}.{name}": t for name, t in members.items()}
    optimizer_tensors, optimizer_values = _split(optimizer.state_dict()["state"])
    packed |= {"optimizer." + name: t for name, t in optimizer_tensors.items()}
    packed |= {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        packed |= {"random.cuda": torch.cuda.get_rng_state()}
    groups = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
    state = {"position": position, "optimizer": optimizer_values, "groups": groups}
    with write_directory(str(folder)) as new:
        save_weights(new / "tensors.safetensors", _without_shared(packed))
        (new / "state.json").write_text(json.dumps(state), encoding="utf-8")


def load_checkpoint(
    folder: Path, model: nn.Module, optimizer: Optimizer
) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """Restore the model, the optimiser and torch's random state from a checkpoint.

    Returns:
        The other sets of tensors, and the position.

    Raises:
        UserError: the checkpoint is incomplete or damaged, or belongs to another model.
    """
    packed = load_weights(folder / "tensors.safetensors")
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        sets: dict[str, dict[str, Tensor]] = {}
        for name, tensor in packed.items():
            set_name, _, member = name.partition(".")
            sets.setdefault(set_name, {})[member] = tensor
        model.load_state_dict(sets.pop("model"))
        merged = _join(sets.pop("optimizer", {}), state["optimizer"])
        own = optimizer.state_dict()["param_groups"]
        groups = [g | {"params": o["params"]} for g, o in zip(state["groups"], own, strict=True)]
        optimizer.load_state_dict({"state": merged, "param_groups": groups})
        random = sets.pop("random")
        torch.set_rng_state(random["cpu"])
        if "cuda" in random and torch.cuda.is_available():
            torch.cuda.set_rng_state(random["cuda"])
        return sets, state["position"]
    except (KeyError, ValueError, RuntimeError, OSError) as error:
        raise UserError(
            f"damaged checkpoint, or one of another model: {error}",
            where=folder,
            hint="start the training again with --force",
        ) from None


def _split(state: dict[int, dict[str, Any]]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The state of an optimiser as tensors (`7.exp_avg`) and plain values (`7.step`)."""
    tensors: dict[str, Tensor] = {}
    values: dict[str, Any] = {}
    for index, entry in state.items():
        for name, value in entry.items():
            (tensors if isinstance(value, Tensor) else values)[f"{index}.{name}"] = value
    return tensors, values


def _join(tensors: dict[str, Tensor], values: dict[str, Any]) -> dict[int, dict[str, Any]]:
    state: dict[int, dict[str, Any]] = {}
    for key, value in (tensors | values).items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    return state


def _without_shared(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors that share memory (tied weights), which safetensors refuses."""
    seen: set[int] = set()
    result = {}
    for name, tensor in tensors.items():
        shared = tensor.data_ptr() in seen
        seen.add(tensor.data_ptr())
        result[name] = tensor.clone() if shared else tensor
    return result
