"""Writing: `generate` against a plain torch loop over the same model, a character at a time.

The plain loop is char-rnn's: the last character and the state in, softmax at the temperature, one
draw. Start-up counts on neither side: both run in this process, in turns.

    python examples/benchmarks/writing.py [--hidden 256] [--layers 2] [--length 2000] [--repeats 5]
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from common import alternate, report

from rnntool.generation.generate import generate
from rnntool.generation.sampling import Sampling
from rnntool.inference.language_model import NumpyLanguageModel
from rnntool.models.language_model import LanguageModel
from rnntool.models.settings import LanguageModelSettings
from rnntool.text.spec import parse_identity
from rnntool.text.units import Unit
from rnntool.text.vocabulary import SPECIALS, Vocabulary

TEMPERATURE = 0.8


def plain_loop(model: LanguageModel, length: int) -> None:
    state, ids = None, torch.tensor([[len(SPECIALS)]])
    with torch.inference_mode():
        for _ in range(length):
            _, states, state = model(ids, state)
            scores = model.output.linear(states[-1, 0])
            probabilities = torch.softmax(scores / TEMPERATURE, dim=-1)
            ids = torch.multinomial(probabilities, 1)[None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--length", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    a = parser.parse_args()
    letters = tuple(map(chr, range(33, 95)))
    vocabulary = Vocabulary((*SPECIALS, *letters), (1,) * (4 + len(letters)), "char")
    settings = LanguageModelSettings(hidden=a.hidden, layers=a.layers)
    model = LanguageModel(settings, len(vocabulary)).eval()
    engine = NumpyLanguageModel("lstm", {n: t.numpy() for n, t in model.state_dict().items()})
    unit, sampling = Unit(parse_identity("char")), Sampling(TEMPERATURE)

    def ours() -> None:
        draw = np.random.default_rng(1)
        written = list(generate(engine, vocabulary, unit, [], a.length, sampling, draw))
        assert len(written) == a.length

    times = alternate({"plain": lambda: plain_loop(model, a.length), "rnntool": ours}, a.repeats)
    report("writing", [{
        "model": f"LSTM {a.layers} × {a.hidden}",
        "plain torch loop, characters/s": a.length / times["plain"],
        "rnntool, characters/s": a.length / times["rnntool"],
        "ratio": times["plain"] / times["rnntool"],
    }])  # fmt: skip


if __name__ == "__main__":
    main()
