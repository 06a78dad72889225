"""Training speed: `train classify` against a plain PyTorch loop, in one run.

The plain loop is what a tutorial writes: fp32, every review padded to 140 tokens, a bidirectional
`nn.LSTM` as torch brings it, batches in random order. Both train the same model size on the same
rows.

    python examples/benchmarks/training.py TRAIN.tok [--documents 4000] [--cell lstm]
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from pathlib import Path

import torch
from common import report, seconds
from torch import nn

from rnntool import tasks
from rnntool.data.labelled import encode, read_token_file
from rnntool.formats.corpus import CorpusOptions
from rnntool.reporting import QuietReporter
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.text.vocabulary import build_vocabulary

PADDED = 140
BATCH, DIM, HIDDEN = 128, 200, 192


class Plain(nn.Module):
    def __init__(self, vocabulary: int, cell: str) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, DIM, padding_idx=0)
        kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.network = kind(DIM, HIDDEN, batch_first=True, bidirectional=True)
        self.output = nn.Linear(6 * HIDDEN, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        states, _ = self.network(self.embedding(ids))
        pooled = torch.cat([states[:, -1], states.amax(1), states.mean(1)], dim=1)
        return self.output(pooled)


def plain_loop(ids: torch.Tensor, labels: torch.Tensor, vocabulary: int, cell: str) -> None:
    torch.backends.mkldnn.enabled = True  # torch's default
    model = Plain(vocabulary, cell)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.002)
    order = torch.randperm(len(ids))
    for rows in order.split(BATCH):
        loss = nn.functional.cross_entropy(model(ids[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tokens")
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--cell", default="lstm")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.tok"
        with open(arguments.tokens, encoding="utf-8") as source:
            part.write_text("".join(itertools.islice(source, arguments.documents + 2)), "utf-8")
        file = read_token_file(str(part), CorpusOptions())
        vocabulary = build_vocabulary(file.token_counts(), file.tokenizer)
        data = encode(file, vocabulary, file.labels(), 0)
        ids = torch.zeros(len(data), PADDED, dtype=torch.long)
        for row in range(len(data)):
            start, end = data.sequences.offsets[row : row + 2]
            tokens = torch.from_numpy(data.sequences.ids[start:end][:PADDED].copy()).long()
            ids[row, : len(tokens)] = tokens
        labels = torch.from_numpy(data.labels)
        settings = ClassifySettings(
            cell=arguments.cell, bidirectional=True, hidden=HIDDEN, embedding_dim=DIM,
            pooling="all", batch_size=BATCH, epochs=2, patience=0,
        )  # fmt: skip
        _, outcome = tasks.train(
            "classify", [str(part)], str(Path(folder) / "run"), settings, QuietReporter()
        )
        # The first epoch warms kernels up, for both.
        plain_loop(ids[:512], labels[:512], len(vocabulary), arguments.cell)
        plain = len(data) / seconds(
            lambda: plain_loop(ids, labels, len(vocabulary), arguments.cell)
        )
        ours = outcome.history[-1]["examples_per_second"]
    name = f"bidirectional {arguments.cell} {HIDDEN}"
    report(
        "training",
        [{"model": name, "plain loop, reviews/s": plain, "rnntool, reviews/s": ours,
          "ratio": ours / plain}],
    )  # fmt: skip


if __name__ == "__main__":
    main()
