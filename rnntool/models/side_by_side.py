"""The two directions of a layer at the same time, each on half of the CPU's cores.

A recurrent kernel waits for all its threads at every time step, so a second thread makes it less
than twice as fast: 1.5 times for an LSTM of 192 units. Two directions, each on its own core, need
no waiting; forward and backward pass together then take 0.8 of the time.

Shapes: B batch, T time, D input, H hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Barrier
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_WORTHWHILE = 1 << 26  # products of a direction; starting and joining threads takes 0.1 ms


def outputs_of(networks: Sequence[nn.Module], inputs: Sequence[Tensor]) -> list[Tensor]:
    """The states [B, T, H] of each network, given its input [B, T, D].

    Args:
        networks: layers as `make_layer` makes them; no two share a parameter.
    """
    if len(networks) > 1 and all(map(_may_be_apart, networks, inputs)):
        parameters = [p for network in networks for p in network.parameters()]
        return list(_SideBySide.apply(networks, *inputs, *parameters))  # type: ignore[no-untyped-call]
    return [network(own)[0] for network, own in zip(networks, inputs, strict=True)]


def _may_be_apart(network: nn.Module, states: Tensor) -> bool:
    # Only torch's own layers: ours draw random numbers, whose order threads would change.
    if not isinstance(network, nn.RNNBase) or not network.training or not torch.is_grad_enabled():
        return False
    products = states.shape[:-1].numel() * sum(weight.numel() for weight in network.parameters())
    on_cpu = states.device.type == "cpu" and torch.get_num_threads() > 1
    return on_cpu and products >= _WORTHWHILE


class _SideBySide(torch.autograd.Function):
    """Each network's forward and backward pass on a thread of its own.

    Autograd computes a graph's gradients on one thread. So each network has its own graph, between
    its input and its output, and this function is the graph's only node for the rest.
    """

    @staticmethod
    def forward(ctx: Any, networks: Sequence[nn.Module], *tensors: Tensor) -> tuple[Tensor, ...]:
        number = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None
        parts = [
            (network, own.detach().requires_grad_(own.requires_grad))
            for network, own in zip(networks, tensors[: len(networks)], strict=True)
        ]

        def run(part: tuple[nn.Module, Tensor]) -> Tensor:
            network, own = part
            # Autocast is a thread's own; its cache of weights belongs to all threads.
            with torch.enable_grad(), torch.autocast(
                "cpu", dtype=number, enabled=number is not None, cache_enabled=False
            ):  # fmt: skip
                output: Tensor = network(own)[0]
                return output

        outputs = list(_threads(len(networks), torch.get_num_threads()).map(run, parts))
        ctx.graphs = [(*part, output) for part, output in zip(parts, outputs, strict=True)]
        return tuple(output.detach() for output in outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        def run(
            graph: tuple[nn.Module, Tensor, Tensor], gradient: Tensor
        ) -> tuple[Tensor | None, list[Tensor | None]]:
            network, own, output = graph
            tensors = [own, *network.parameters()]
            wanted = [tensor for tensor in tensors if tensor.requires_grad]
            found = iter(torch.autograd.grad(output, wanted, gradient) if wanted else ())
            first, *others = [next(found) if t.requires_grad else None for t in tensors]
            return first, others

        pool = _threads(len(ctx.graphs), torch.get_num_threads())
        found = list(pool.map(run, ctx.graphs, gradients))
        del ctx.graphs  # the states of all steps
        inputs = [first for first, _ in found]
        return None, *inputs, *[gradient for _, others in found for gradient in others]


@lru_cache(maxsize=1)
def _threads(count: int, cores: int) -> ThreadPoolExecutor:
    """`count` threads, each with its share of the cores."""

    all_there = Barrier(count + 1)

    def begin() -> None:
        torch.get_num_threads()  # now this thread has read the number for all threads, once
        torch.set_num_threads(max(1, cores // count))  # and this is its own
        all_there.wait()

    pool = ThreadPoolExecutor(count, thread_name_prefix="direction", initializer=begin)
    for _ in range(count):
        pool.submit(int)  # starts a thread, since none is idle
    all_there.wait()
    torch.set_num_threads(cores)  # other threads get the number that was set last
    return pool
