"""Encoders over sequence length: what each learns in the same time, and what a step costs.

Two tasks on random symbols, two classes each:

pattern   is the pattern 1 2 3 anywhere in the sequence, or its symbols only scattered?
recent    of the markers 4 and 5 that stand here and there, which came last?

    python lengths.py --seconds 20 --lengths 100,500,2000,5000
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from torch.nn import functional

from rnntool.models.classifier import SequenceClassifier
from rnntool.models.settings import ClassifierSettings
from rnntool.training.backend import choose_backend

V, B = 12, 32
ENCODERS = {
    "rnn": {"cell": "rnn"},
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "cnn": {"encoder": "cnn", "conv_filters": 64, "conv_widths": "3,5"},
    "cnn-rnn": {"encoder": "cnn-rnn", "cell": "gru", "conv_filters": 64, "conv_widths": "3,5",
                "conv_pool": 8},
}  # fmt: skip


def pattern(generator: np.random.Generator, T: int) -> tuple[np.ndarray, np.ndarray]:
    ids = generator.integers(6, V, (B, T))
    labels = generator.integers(0, 2, B)
    for row, label in enumerate(labels):
        if label:
            place = generator.integers(0, T - 3)
            ids[row, place : place + 3] = (1, 2, 3)
        else:  # the same symbols, never in this order side by side
            places = np.sort(generator.choice(T // 2, 3, replace=False)) * 2
            ids[row, places] = generator.permutation([1, 2, 3])
    return ids, labels


def recent(generator: np.random.Generator, T: int) -> tuple[np.ndarray, np.ndarray]:
    ids = generator.integers(6, V, (B, T))
    labels = generator.integers(0, 2, B)
    for row, label in enumerate(labels):
        places = np.sort(generator.choice(T, 6, replace=False))
        ids[row, places] = generator.integers(4, 6, 6)
        ids[row, places[-1]] = 4 + label
    return ids, labels


def run(task, options: dict, T: int, seconds: float) -> tuple[float, int, float]:
    """Accuracy on fresh sequences, training steps, and milliseconds a step."""
    torch.manual_seed(1)
    generator = np.random.default_rng(1)
    settings = ClassifierSettings(
        hidden=64, embedding_dim=16, dropout=0.0, word_dropout=0.0, embedding_dropout=0.0, **options
    )
    model = SequenceClassifier(settings, V, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
    lengths = torch.full((B,), T)
    taken, steps = 0.0, 0
    while taken < seconds:
        ids, labels = (torch.from_numpy(a) for a in task(generator, T))
        started = time.perf_counter()
        loss = functional.cross_entropy(model(ids, lengths), labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        taken += time.perf_counter() - started
        steps += 1
    model.eval()
    right = 0
    fresh = np.random.default_rng(2)
    with torch.no_grad():
        for _ in range(8):
            ids, labels = (torch.from_numpy(a) for a in task(fresh, T))
            right += int((model(ids, lengths).argmax(1) == labels).sum())
    return right / (8 * B), steps, 1000 * taken / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--lengths", default="100,500,2000,5000")
    arguments = parser.parse_args()
    choose_backend().activate()
    print("| steps | encoder | ms a training step | pattern | recent |")
    print("| --- | --- | --- | --- | --- |")
    for T in map(int, arguments.lengths.split(",")):
        for name, options in ENCODERS.items():
            found, _, cost = run(pattern, options, T, arguments.seconds)
            last, _, _ = run(recent, options, T, arguments.seconds)
            print(f"| {T:,} | {name} | {cost:.1f} | {found:.3f} | {last:.3f} |", flush=True)


if __name__ == "__main__":
    main()
