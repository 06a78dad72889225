"""A training's whole state on disk, without pickle: tensors as safetensors, the rest as JSON.

A checkpoint is a folder of three files. It is written beside its place and renamed, so that a kill
leaves the old checkpoint or the new one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from rnntool.errors import UserError
from rnntool.formats.writing import umask, write_directory


def save_weights(path: Path, tensors: dict[str, Tensor]) -> None:
    """Tensors by name as one safetensors file, which appears when it is whole.

    Raises:
        UserError: the disk is full, or the place cannot be written.
    """
    packed = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    part = path.with_name(f".{path.name}.part")
    try:
        save_file(packed, part)
        part.chmod(0o666 & ~umask())  # the library gives it to its owner alone
        os.replace(part, path)
    except SafetensorError as error:
        part.unlink(missing_ok=True)
        reason = str(error).partition("I/O error: ")[2] or str(error)
        raise UserError(f"cannot be written: {reason}", where=path) from None


def load_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        UserError: it is missing or damaged, or a value is not finite.
    """
    try:
        tensors = load_file(path)
    except FileNotFoundError:
        raise UserError("no such file", where=path, hint="the run is incomplete") from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"damaged weights: {error}", where=path) from None
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise UserError(f"damaged weights: {name} holds a value that is not finite", where=path)
    return tensors


def save_checkpoint(
    folder: Path,
    model: nn.Module,
    optimizer: Optimizer,
    tensors: dict[str, dict[str, Tensor]],
    position: dict[str, Any],
) -> None:
    """Model, optimiser, random state, further named sets of tensors, and the position.

    Args:
        folder: the checkpoint's place; an older checkpoint there is replaced.
        tensors: sets of tensors by name (the best weights, an average).
        position: plain values as JSON holds them.
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
    """Put a checkpoint's state into the model, the optimiser and torch's random state.

    Returns:
        The further sets of tensors, and the position.

    Raises:
        UserError: it is incomplete or damaged, or belongs to another model.
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
            f"damaged checkpoint, or another model's: {error}",
            where=folder,
            hint="train anew with --force",
        ) from None


def _split(state: dict[int, dict[str, Any]]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """An optimiser's state as tensors `7.exp_avg` and plain values `7.step`."""
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
    """safetensors refuses tensors that share memory: tied ones are written twice."""
    seen: set[int] = set()
    result = {}
    for name, tensor in tensors.items():
        shared = tensor.data_ptr() in seen
        seen.add(tensor.data_ptr())
        result[name] = tensor.clone() if shared else tensor
    return result
