"""Continue a prompt, token by token.

Shapes: V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rnntool.generation.sampling import Sampling, draw
from rnntool.inference.language_model import Floats, States, StepModel
from rnntool.text.units import Unit
from rnntool.text.vocabulary import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Vocabulary


def generate(
    engine: StepModel,
    vocabulary: Vocabulary,
    unit: Unit,
    prompt: Sequence[int],
    length: int,
    sampling: Sampling,
    generator: np.random.Generator,
) -> Iterator[int]:
    """Up to `length` tokens after the prompt; a document ends at `<eos>`, which is left out.

    Padding, `<unk>` and `<bos>` are never drawn, since they are not part of a text.
    """
    log_probabilities, states = read_prompt(engine, vocabulary, unit, prompt)
    for _ in range(length):
        token = draw(log_probabilities, sampling, generator)
        if unit.documents and token == EOS_ID:
            return
        yield token
        log_probabilities, states = engine.step(np.array([token]), states)
        log_probabilities = writable(log_probabilities[0], unit)


def beam_search(
    engine: StepModel,
    vocabulary: Vocabulary,
    unit: Unit,
    prompt: Sequence[int],
    length: int,
    beams: int,
) -> list[int]:
    """The likeliest continuation of `length` tokens found by a beam search with `beams` hypotheses.

    A document's `<eos>` ends a hypothesis. Ended hypotheses are compared by their mean
    log-probability per token, so that short ones have no advantage. The search stops when `beams`
    hypotheses have ended.
    """
    log_probabilities, states = read_prompt(engine, vocabulary, unit, prompt)
    scores = np.zeros(1)
    log_probabilities = log_probabilities[None]
    texts: list[list[int]] = [[]]
    ended: list[tuple[float, list[int]]] = []
    for _ in range(length):
        total = scores[:, None] + log_probabilities
        best = np.argsort(-total, axis=None, kind="stable")[:beams]
        rows, tokens = np.unravel_index(best, total.shape)
        alive = []
        for row, token in zip(rows.tolist(), tokens.tolist(), strict=True):
            score = float(total[row, token])
            if unit.documents and token == EOS_ID:
                ended.append((score / (len(texts[row]) + 1), texts[row]))
            elif np.isfinite(score):
                alive.append((score, row, token))
        if not alive or len(ended) >= beams:
            break
        texts = [[*texts[row], token] for _, row, token in alive]
        scores = np.array([score for score, _, _ in alive])
        chosen = np.array([row for _, row, _ in alive])
        states = [tuple(part[chosen] for part in layer) for layer in states]
        log_probabilities, states = engine.step(np.array([t for _, _, t in alive]), states)
        log_probabilities = np.stack([writable(row, unit) for row in log_probabilities])
    running = [(s / max(1, len(t)), t) for s, t in zip(scores.tolist(), texts, strict=True)]
    likeliest: list[int] = max(ended + running, key=lambda pair: pair[0])[1]
    return likeliest


def read_prompt(
    engine: StepModel, vocabulary: Vocabulary, unit: Unit, prompt: Sequence[int]
) -> tuple[Floats, States]:
    """[V] log-probabilities of the token after the prompt; without one, of a text's first token."""
    states = engine.zero_states()
    start = vocabulary.ids.get(unit.start)
    tokens = [*([] if start is None else [start]), *prompt] or [UNK_ID]
    for token in tokens:
        log_probabilities, states = engine.step(np.array([token]), states)
    return writable(log_probabilities[0], unit), states


def writable(log_probabilities: Floats, unit: Unit) -> Floats:
    """Exclude the tokens that are not part of a text; `<eos>` stays where it ends a line."""
    masked: Floats = log_probabilities.copy()
    masked[[PAD_ID, UNK_ID, BOS_ID]] = -np.inf
    if unit.spelled and not unit.documents:
        masked[EOS_ID] = -np.inf
    return masked
