"""Language models: our training against a bare `nn.LSTM` loop.

The bare loop holds its numbers in memory and does nothing but forward, backward, and AdamW on
chunks of the same size; ours reads them from disk, carries the state, clips, schedules, counts.
Both run in turns, `--repeats` times; the medians stand in the table.

    python examples/benchmarks/language_models.py TEXT.txt [--hidden 384] [--steps 300]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import torch
from common import report, seconds
from torch import nn

from rnntool import tasks
from rnntool.reporting import QuietReporter
from rnntool.tasks.lm.settings import LMSettings
from rnntool.training.backend import choose_backend

DIM = 64


class Bare(nn.Module):
    def __init__(self, vocabulary: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, DIM)
        self.network = nn.LSTM(DIM, hidden)
        self.output = nn.Linear(hidden, vocabulary)

    def forward(self, ids: torch.Tensor, state: object) -> tuple[torch.Tensor, object]:
        states, state = self.network(self.embedding(ids), state)
        return self.output(states), state


def bare_loop(ids: torch.Tensor, vocabulary: int, hidden: int, bptt: int, steps: int) -> float:
    """Tokens a second of `steps` chunks of ids [T, B]."""
    model = Bare(vocabulary, hidden).to(choose_backend().device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.002, fused=True)
    state = None

    def run() -> None:
        nonlocal state
        for step in range(steps):
            at = step * bptt % (len(ids) - bptt - 1)
            scores, state = model(ids[at : at + bptt], state)
            state = tuple(part.detach() for part in state)
            targets = ids[at + 1 : at + bptt + 1]
            loss = nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return steps * bptt * ids.shape[1] / seconds(run)


def ours(text: str, hidden: int, batch: int, bptt: int, steps: int) -> float:
    settings = LMSettings(
        hidden=hidden, embedding_dim=DIM, batch_size=batch, bptt=bptt, epochs=1,
        epoch_steps=steps, validation="0.01", dropout=0.0, average=0.0, reset=0.0,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        run, _ = tasks.train("lm", [text], f"{folder}/run", settings, QuietReporter())
        entry = json.loads((run / "metrics.jsonl").read_text(encoding="utf-8"))
    return float(entry["examples_per_second"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text")
    parser.add_argument("--hidden", type=int, default=384)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--bptt", type=int, default=64)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    a = arguments
    choose_backend().activate()
    characters = Path(a.text).read_text(encoding="utf-8")
    table = {c: n for n, c in enumerate(sorted(set(characters)))}
    flat = torch.tensor([table[c] for c in characters])
    ids = flat[: len(flat) // a.batch * a.batch].view(a.batch, -1).T.contiguous()
    ids = ids.to(choose_backend().device)
    pairs = [
        (bare_loop(ids, len(table) + 4, a.hidden, a.bptt, a.steps),
         ours(a.text, a.hidden, a.batch, a.bptt, a.steps))
        for _ in range(a.repeats)
    ]  # fmt: skip
    row = {
        "hidden": a.hidden, "batch": a.batch, "bptt": a.bptt,
        "bare loop, tokens/s": statistics.median(b for b, _ in pairs),
        "rnntool, tokens/s": statistics.median(o for _, o in pairs),
        "ratio": statistics.median(o / b for b, o in pairs),
    }  # fmt: skip
    report("language models", [row])


if __name__ == "__main__":
    main()
