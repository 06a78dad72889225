"""Forward and backward pass of a bidirectional layer in fp32 and bf16, by cell and size.

The fastest of some runs in turns. With ONEDNN_MAX_CPU_ISA=AVX512_CORE a processor that multiplies
bf16 emulates it.

    python examples/benchmarks/precision.py [--sizes 32,64,128,192]
"""

from __future__ import annotations

import argparse
import time

from common import report

from rnntool.machine import short_spin

short_spin()

import torch  # noqa: E402

from rnntool.models.recurrent import RecurrentEncoder  # noqa: E402
from rnntool.training.backend import choose_backend  # noqa: E402

B, T, D, ROUNDS, RUNS = 128, 20, 200, 3, 5


def fastest(cell: str, hidden: int, precision: str) -> float:
    """Milliseconds."""
    backend = choose_backend("cpu", precision)
    backend.activate()
    model = RecurrentEncoder(cell, D, hidden, bidirectional=True)
    inputs, lengths = torch.randn(B, T, D, requires_grad=True), torch.full((B,), T)
    found = []
    for _ in range(RUNS):
        start = time.perf_counter()
        with backend.autocast():
            states, _ = model(inputs, lengths)
        states.float().square().sum().backward()
        found.append(time.perf_counter() - start)
    return 1e3 * min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="32,64,128,192")
    parser.add_argument("--cells", default="lstm,gru,rnn")
    arguments = parser.parse_args()
    rows: list[dict[str, object]] = []
    for cell in arguments.cells.split(","):
        for hidden in map(int, arguments.sizes.split(",")):
            best = {
                precision: min(fastest(cell, hidden, precision) for _ in range(ROUNDS))
                for precision in ("fp32", "bf16")
            }
            rows.append({
                "layer": f"{cell} {hidden}", "fp32, ms": best["fp32"], "bf16, ms": best["bf16"],
                "ratio": best["fp32"] / best["bf16"],
            })  # fmt: skip
    report("precision", rows)


if __name__ == "__main__":
    main()
