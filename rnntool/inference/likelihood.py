"""Log-probabilities of texts by a language model, on the NumPy cells.

Shapes: N texts, B of them side by side, T tokens of one, H hidden, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rnntool.inference.language_model import Floats, NumpyLanguageModel

_TOGETHER = 64  # texts computed side by side
_NUMBERS = 1 << 23  # log-probabilities computed at once, to bound the memory


def log_likelihoods(
    engine: NumpyLanguageModel, texts: Sequence[NDArray[np.int64]]
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Log-probabilities of each text's tokens but the first, from the zero state, in any order.

    Yields:
        The text's index, and [T - 1] values in nats.
    """
    order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))
    for start in range(0, len(order), _TOGETHER):
        rows = order[start : start + _TOGETHER]
        yield from zip(rows, _side_by_side(engine, [texts[row] for row in rows]), strict=True)


def _side_by_side(
    engine: NumpyLanguageModel, texts: list[NDArray[np.int64]]
) -> list[NDArray[np.float64]]:
    """The same for texts sorted longest first; texts that have ended are left out of a step."""
    lengths = [len(text) for text in texts]
    found = [np.zeros(max(0, length - 1)) for length in lengths]
    states = engine.zero_states(len(texts))
    tops: list[Floats] = []
    places: list[tuple[int, int]] = []  # text, step
    for step in range(max(lengths, default=0) - 1):
        running = sum(length > step + 1 for length in lengths)
        states = [tuple(part[:running] for part in layer) for layer in states]
        ids = np.array([text[step] for text in texts[:running]])
        top, states = engine.advance(ids, states)
        tops.append(top)
        places += [(row, step) for row in range(running)]
        if len(places) * engine.outputs > _NUMBERS:
            _look_up(engine, tops, places, texts, found)
            tops, places = [], []
    _look_up(engine, tops, places, texts, found)
    return found


def _look_up(
    engine: NumpyLanguageModel,
    tops: list[Floats],
    places: list[tuple[int, int]],
    texts: list[NDArray[np.int64]],
    found: list[NDArray[np.float64]],
) -> None:
    """Put the log-probability of each next token where it belongs."""
    if not places:
        return
    values = engine.log_probabilities(np.concatenate(tops))
    wanted = [texts[row][step + 1] for row, step in places]
    chosen = values[np.arange(len(places)), wanted]
    for (row, step), value in zip(places, chosen.tolist(), strict=True):
        found[row][step] = value
