"""AdamW for token vectors, where rows that a step does not read are updated later.

AdamW updates every weight at every step, even those with zero gradient: their moments decay, and
the weights still move along the first moment. With tens of thousands of tokens, these updates are
most of what a step writes to memory. Here a row without a gradient is not touched until a batch
reads it; then it gets all missed updates at once (`IdleSteps`). The result is AdamW's, up to
rounding.

Shapes: V vocabulary, D input, U rows.
"""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rnntool.training.average import WeightAverage
from rnntool.training.backend import Backend
from rnntool.training.idle_steps import MOST, IdleSteps, Missed
from rnntool.training.settings import TrainingSettings

_LEAST = 4096  # rows; for smaller matrices the bookkeeping is not worth it


class IdleRows:
    """One matrix of token vectors under AdamW.

    Its moments are kept in the optimizer's state, as for AdamW.

    Args:
        name: name of the matrix in the model.
        average: moving average of the weights, if there is one.
    """

    def __init__(
        self,
        name: str,
        embedding: nn.Embedding,
        optimizer: Optimizer,
        average: WeightAverage | None,
    ) -> None:
        self.name, self.embedding, self.weight = name, embedding, embedding.weight
        self.optimizer, self.average = optimizer, average
        self.idle = IdleSteps()
        self.last = torch.zeros(len(self.weight), dtype=torch.int64)  # [V] last update

    def watch(self) -> None:
        """From now on, take the steps instead of the optimizer."""
        self.embedding.sparse = True
        self.embedding.register_forward_pre_hook(self._before_reading)
        if self.average is not None:
            self.average.apart.add(self.name)

    def _before_reading(self, embedding: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if self.idle.count:
            ids = inputs[0].flatten()
            self._catch_up(torch.unique(ids[self.last[ids] < self.idle.count]))

    def catch_up(self) -> None:
        """Bring all rows up to date, before they are averaged or saved."""
        if self.idle.count:
            self._catch_up(torch.arange(len(self.last)))
            self.idle.restart()
            self.last.zero_()

    @torch.no_grad()
    def _catch_up(self, rows: Tensor) -> None:
        if not len(rows):
            return
        device, eps = self.weight.device, self._group()["eps"]
        missed = Missed(*(t.to(device) for t in self.idle.since(self.last[rows])))
        self.last[rows] = self.idle.count
        rows = rows.to(device)
        moments = self._moments()
        weight, m, v = (t.index_select(0, rows) for t in (self.weight, *moments))
        root = v.sqrt()
        if self.average is not None:
            mean = self.average.weights[self.name]
            caught_up = mean.index_select(0, rows).mul_(missed.kept).addcmul_(weight, missed.share)
            way = m / root.add(missed.trail_ease * eps)
            mean[rows] = caught_up.addcmul_(way, missed.trail, value=-1)
        way = m / root.add_(missed.ease * eps)
        self.weight[rows] = weight.mul_(missed.decay).addcmul_(way, missed.drift, value=-1)
        moments[0][rows] = m.mul_(missed.first)
        moments[1][rows] = v.mul_(missed.second)

    @torch.no_grad()
    def step(self) -> None:
        """Apply AdamW to the gradient's rows; without the gradient, the optimizer skips it."""
        gradient = self.weight.grad
        if gradient is None:
            return
        self.weight.grad = None
        gradient = gradient.coalesce()
        rows, g = gradient.indices()[0], gradient.values()
        group, moments = self._group(), self._moments()
        lr, eps, (beta1, beta2) = group["lr"], group["eps"], group["betas"]
        self._catch_up(rows[self.last[rows] < self.idle.count])  # rows read elsewhere
        count = self._state()["step"].add_(1).item()
        rate = lr / (1 - beta1**count)
        root = math.sqrt(1 - beta2**count)
        decay = 1 - lr * group["weight_decay"]
        kept = 1.0 if self.average is None else self.average.coming_decay()
        self.idle.advance((beta1, beta2), decay, rate, root, kept)
        weight, m, v = (t.index_select(0, rows) for t in (self.weight, *moments))
        moments[0][rows] = m.lerp_(g, 1 - beta1)
        moments[1][rows] = v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        v.sqrt_().div_(root).add_(eps)
        self.weight[rows] = weight.mul_(decay).addcdiv_(m, v, value=-rate)
        if self.average is not None:
            mean = self.average.weights[self.name]
            mean[rows] = mean.index_select(0, rows).lerp_(weight, 1 - kept)
        self.last[rows] = self.idle.count
        if self.idle.count == MOST:
            self.catch_up()

    def _group(self) -> dict[str, Any]:
        """The matrix's parameter group; looked up, since a checkpoint replaces it."""
        return next(
            group for group in self.optimizer.param_groups
            if any(parameter is self.weight for parameter in group["params"])
        )  # fmt: skip

    def _state(self) -> dict[str, Any]:
        state = cast(dict[str, Any], self.optimizer.state[self.weight])
        if not state:
            state["step"] = torch.zeros(())
            state["exp_avg"] = torch.zeros_like(self.weight)
            state["exp_avg_sq"] = torch.zeros_like(self.weight)
        return state

    def _moments(self) -> tuple[Tensor, Tensor]:
        state = self._state()
        return state["exp_avg"], state["exp_avg_sq"]


class IdleVectors:
    """The matrices of a model that can be trained in this way; `watch` starts it.

    Only AdamW, and Adam without weight decay, can skip rows: Adam's L2 decay is part of the
    gradient, so that no row has a zero gradient.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        settings: TrainingSettings,
        average: WeightAverage | None,
    ) -> None:
        plain = settings.optimizer == "adam" and not settings.weight_decay
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        self.known = [
            IdleRows(names[id(embedding.weight)], embedding, optimizer, average)
            for embedding in _read_by_rows(model)
            if settings.optimizer == "adamw" or plain
            if embedding.weight.requires_grad and len(embedding.weight) >= _LEAST
        ]
        self.watched: list[IdleRows] = []

    def watch(self, backend: Backend) -> None:
        """Start it on a CPU; a GPU updates all rows faster than a selection."""
        if backend.device.type == "cpu":
            self.watched = self.known
            for rows in self.watched:
                rows.watch()

    def step(self) -> None:
        """Take AdamW's step on each; call it before the optimizer's and the average's step."""
        for rows in self.watched:
            rows.step()

    def catch_up(self) -> None:
        """Bring all rows of each matrix up to date."""
        for rows in self.watched:
            rows.catch_up()

    def state_dict(self) -> dict[str, Tensor]:
        """The updates that rows still miss, for a checkpoint."""
        state = {}
        for rows in self.watched:
            state[f"{rows.name}.last"] = rows.last
            state[f"{rows.name}.factors"] = rows.idle.factors()
        return state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from a checkpoint; on a GPU, apply all missed updates first."""
        for rows in self.known:
            if f"{rows.name}.last" in state:
                rows.last = state[f"{rows.name}.last"]
                rows.idle.take(state[f"{rows.name}.factors"])
                if not self.watched:
                    rows.catch_up()


def _read_by_rows(model: nn.Module) -> list[nn.Embedding]:
    """The embeddings that no training step uses as a whole matrix."""
    holders = [m for m in model.modules() if getattr(m, "reads_rows_alone", False)]
    return list({id(m.embedding): cast(nn.Embedding, m.embedding) for m in holders}.values())
