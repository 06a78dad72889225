"""A recurrent network of three units, step by step: forward, and back through time.

python examples/by-hand/worked_example.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from rnntool.cells import (
    CELLS,
    Array,
    Record,
    cross_entropy,
    finite_differences,
    largest_relative_difference,
    softmax,
    unroll,
)

FILE = yaml.safe_load(Path(__file__).with_name("weights.yaml").read_text(encoding="utf-8"))
CELL = CELLS[FILE["cell"]]
WEIGHTS = {name: np.array(FILE[name]) for name in ("W_xh", "W_hh", "b")}


def one_hot(words: list[str]) -> Array:
    """(1, T, D): one sentence, a row of zeros with a single 1 for each word."""
    return np.eye(len(FILE["inputs"]))[[[FILE["inputs"].index(word) for word in words]]]


def loss_of(words: list[str], targets: list[str]) -> float:
    run = unroll(CELL, WEIGHTS, one_hot(words))
    return cross_entropy(run.outputs, target_ids(targets))[0]


def target_ids(targets: list[str]) -> np.ndarray:
    return np.array([[FILE["outputs"].index(word) for word in targets]])


def show_forward(words: list[str]) -> None:
    print(f"Forward, fed {', '.join(words)}")
    records: list[Record] = []
    unroll(CELL, WEIGHTS, one_hot(words), records=records)
    for t, (word, record) in enumerate(zip(words, records, strict=True), start=1):
        print(f"  t={t} {word}")
        print(f"    a_t = W_xh x_t + W_hh h_t-1 + b  {numbers(record['a'][0])}")
        print(f"    h_t = tanh(a_t)                  {numbers(record['h'][0])}")
        print(f"    softmax(h_t)                     {numbers(softmax(record['h'][0]))}")


def show_backward(words: list[str], targets: list[str]) -> None:
    print(f"Backward, fed {', '.join(words)}; wanted {', '.join(targets)}")
    run = unroll(CELL, WEIGHTS, one_hot(words))
    loss, loss_backward = cross_entropy(run.outputs, target_ids(targets))
    gradients = run.backward(loss_backward(), summands=True)
    assert gradients.summands is not None
    print(f"  L = mean of -log softmax(h_t)[wanted] = {loss:.10f}")
    for t in reversed(range(len(words))):
        print(f"  t={t + 1}")
        print(f"    dL/dh_t                          {numbers(gradients.dh[0, t])}")
        print_matrix(f"summand {t + 1} of dW_hh", gradients.summands["dW_hh"][t])
    print_matrix("dW_hh, their sum", gradients.dweights["dW_hh"])
    numeric = finite_differences(lambda: loss_of(words, targets), WEIGHTS)
    print("  Largest relative difference from finite differences")
    for name, gradient in gradients.dweights.items():
        fits = largest_relative_difference(gradient, numeric[name]) < 1e-6
        print(f"    {name:<6} {'below 1e-6' if fits else 'ABOVE 1e-6'}")


def print_matrix(title: str, W: Array) -> None:
    for n, row in enumerate(W):
        print(f"    {title if n == 0 else '':<32} {numbers(row)}")


def numbers(row: Array) -> str:
    """Ten decimals each; + 0.0 turns a negative zero into zero."""
    return " ".join(f"{value + 0.0:13.10f}" for value in row)


if __name__ == "__main__":
    show_forward(["I", "I", "I"])
    show_forward(["I", "love", "you"])
    show_backward(["I", "love", "you"], ["난", "널", "사랑해"])
