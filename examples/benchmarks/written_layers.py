"""A training step (forward and backward) of the written-out layers against torch.nn's, one run.

python examples/benchmarks/written_layers.py [--threads 2]
"""

from __future__ import annotations

import argparse
from statistics import median

import torch
from common import report, seconds

from rnntool.models.recurrent import Extras, make_layer
from rnntool.training.backend import choose_backend


def step_seconds(layers: dict[str, torch.nn.Module], x: torch.Tensor, repeats: int) -> dict:
    def step(layer: torch.nn.Module) -> None:
        for parameter in layer.parameters():
            parameter.grad = None
        layer(x)[0].sum().backward()

    times: dict[str, list[float]] = {name: [] for name in layers}
    for name in layers:
        step(layers[name])
    for _ in range(repeats):  # in turn, so that a slow moment of the machine hits all
        for name, layer in layers.items():
            times[name].append(seconds(lambda layer=layer: step(layer)))
    return {name: median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--shape", default="128,20,200,256", help="B,T,D,H")
    arguments = parser.parse_args()
    choose_backend(threads=arguments.threads).activate()
    torch.manual_seed(1)
    B, T, D, H = map(int, arguments.shape.split(","))
    layers = {
        "nn.LSTM": make_layer("lstm", D, H, batch_first=True),
        "LSTM, layer norm": make_layer(
            "lstm", D, H, batch_first=True, extras=Extras(layer_norm=True)
        ),
        "LSTM, recurrent dropout": make_layer(
            "lstm", D, H, batch_first=True, extras=Extras(recurrent_dropout=0.2)
        ),
        "nn.GRU": make_layer("gru", D, H, batch_first=True),
        "GRU, reset before": make_layer("gru-reset-before", D, H, batch_first=True),
    }
    taken = step_seconds(layers, torch.randn(B, T, D), arguments.repeats)
    base = {name: taken["nn.GRU" if "GRU" in name else "nn.LSTM"] for name in taken}
    report("written layers", [
        {"layer": name, "ms": 1000 * t, "times torch.nn's": t / base[name]}
        for name, t in taken.items()
    ])  # fmt: skip


if __name__ == "__main__":
    main()
