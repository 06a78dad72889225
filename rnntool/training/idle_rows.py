"""AdamW on token vectors of which a step reads few: the others wait, and lose nothing.

AdamW moves every weight at every step, those without a gradient as well: their moments decay, and
they drift along them. With a vocabulary of tens of thousands this is most of what a step writes.
Here a row without a gradient is left alone until a batch reads it, and then it is given all that it
missed (`IdleSteps`). The result is AdamW's, to rounding.

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

_LEAST = 4096  # rows of a matrix for which the bookkeeping is worth it


class IdleRows:
    """One matrix of token vectors under AdamW.

    Its moments lie in the optimizer's state, where AdamW has them.

    Args:
        name: of the matrix in the model.
        average: of the weights, if there is one.
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
        self.last = torch.zeros(len(self.weight), dtype=torch.int64)  # [V] when each was up to date

    def watch(self) -> None:
        """From now on take the steps in the optimizer's place."""
        self.embedding.sparse = True
        self.embedding.register_forward_pre_hook(self._before_reading)
        if self.average is not None:
            self.average.apart.add(self.name)

    def _before_reading(self, embedding: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if self.idle.count:
            ids = inputs[0].flatten()
            self._catch_up(torch.unique(ids[self.last[ids] < self.idle.count]))

    def catch_up(self) -> None:
        """Bring all rows up to date, to be averaged or saved as they are."""
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
        """AdamW on the rows of the gradient, which is taken away: the optimizer sees none."""
        gradient = self.weight.grad
        if gradient is None:
            return
        self.weight.grad = None
        gradient = gradient.coalesce()
        rows, g = gradient.indices()[0], gradient.values()
        group, moments = self._group(), self._moments()
        lr, eps, (beta1, beta2) = group["lr"], group["eps"], group["betas"]
        self._catch_up(rows[self.last[rows] < self.idle.count])  # what other processes have read
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
        """The matrix's settings; looked up, since a checkpoint brings new ones."""
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
    """The matrices of a model that can be trained so, and are after `watch`.

    Only AdamW can leave rows alone, and Adam without weight decay: L2 decay is a part of the
    gradient, so that no row is without one.
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
        """Train them so, on a CPU: a GPU writes all rows sooner than some."""
        if backend.device.type == "cpu":
            self.watched = self.known
            for rows in self.watched:
                rows.watch()

    def step(self) -> None:
        """AdamW's step on each; before that of the optimizer and of the average."""
        for rows in self.watched:
            rows.step()

    def catch_up(self) -> None:
        """Bring all rows of each up to date."""
        for rows in self.watched:
            rows.catch_up()

    def state_dict(self) -> dict[str, Tensor]:
        """Which steps which rows have still to take, for a checkpoint."""
        state = {}
        for rows in self.watched:
            state[f"{rows.name}.last"] = rows.last
            state[f"{rows.name}.factors"] = rows.idle.factors()
        return state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from a checkpoint; on a GPU, catch up first."""
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
