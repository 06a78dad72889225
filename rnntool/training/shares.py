"""The state of each process, stored in the checkpoint that the first process writes.

It is the recurrent state of its rows or streams, and its random state. A training may continue with
more or fewer processes: then the rows are distributed again.

Shapes: B rows of the batch, or streams of the text.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnntool.training.group import Group
from rnntool.training.task import Task

Share = dict[str, Tensor]
_CARRIED, _RANDOM = "carried.", "random."


def gather_shares(task: Task, group: Group) -> Share:
    """Every process's share by `RANK.NAME`; all processes must call it."""
    own = {_CARRIED + name: tensor.cpu() for name, tensor in task.carried().items()}
    own[_RANDOM + "cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        own[_RANDOM + "cuda"] = torch.cuda.get_rng_state()
    return {
        f"{rank}.{name}": tensor
        for rank, share in enumerate(group.gather(own))
        for name, tensor in share.items()
    }


def restore_shares(saved: Share, task: Task, group: Group, device: torch.device) -> None:
    """Restore this process's share, or its part of all shares."""
    by_rank: dict[int, Share] = {}
    for name, tensor in saved.items():
        rank, _, own_name = name.partition(".")
        by_rank.setdefault(int(rank), {})[own_name] = tensor
    shares = [by_rank[rank] for rank in sorted(by_rank)]
    if len(shares) == group.size:
        own = shares[group.rank]
        torch.set_rng_state(own[_RANDOM + "cpu"])
        if _RANDOM + "cuda" in own and torch.cuda.is_available():
            torch.cuda.set_rng_state(own[_RANDOM + "cuda"])
    else:
        own = _dealt(shares, group)
        if not group.first:  # all have the random state of the first process
            torch.manual_seed(int(torch.randint(1 << 62, ())) + group.rank)
    carried = {
        name.removeprefix(_CARRIED): tensor
        for name, tensor in own.items()
        if name.startswith(_CARRIED)
    }
    task.carry_on(carried, device)


def _dealt(shares: list[Share], group: Group) -> Share:
    """This process's rows (every `size`-th), from shares that were distributed in the same way."""
    own: Share = {}
    names = set.intersection(*map(set, shares)) if shares else set()
    for name in sorted(n for n in names if n.startswith(_CARRIED)):
        parts = [share[name] for share in shares]
        first = parts[0]
        rows = sum(part.shape[1] for part in parts)
        whole = first.new_empty(first.shape[0], rows, *first.shape[2:])  # [·, B, ·]
        for rank, part in enumerate(parts):
            whole[:, rank :: len(parts)] = part
        own[name] = whole[:, group.rank :: group.size].contiguous()
    return own
