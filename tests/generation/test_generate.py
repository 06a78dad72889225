"""Generation against exhaustive search, and what may be written."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
import torch

from rnntool.generation.generate import beam_search, generate, read_prompt, writable
from rnntool.generation.sampling import Sampling
from rnntool.inference.language_model import NumpyLanguageModel
from rnntool.models.language_model import LanguageModel
from rnntool.models.settings import LanguageModelSettings
from rnntool.text.spec import parse_identity
from rnntool.text.units import Unit
from rnntool.text.vocabulary import EOS_ID, build_vocabulary

VOCABULARY = build_vocabulary(Counter("aabbbc␊"), "char")
RUNNING = Unit(parse_identity("char"))
DOCUMENTS = Unit(parse_identity("char"), documents=True)


@pytest.fixture(scope="module")
def engine() -> NumpyLanguageModel:
    torch.manual_seed(3)
    model = LanguageModel(LanguageModelSettings(embedding_dim=4, hidden=6), len(VOCABULARY))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # so that the choice depends on what came before
    return NumpyLanguageModel("lstm", {n: t.numpy() for n, t in model.state_dict().items()})


def log_probability(engine: NumpyLanguageModel, tokens: tuple[int, ...]) -> float:
    total = 0.0
    logs, states = read_prompt(engine, VOCABULARY, RUNNING, [5])
    for token in tokens:
        total += float(logs[token])
        found, states = engine.step(np.array([token]), states)
        logs = writable(found[0], RUNNING)
    return total


def test_a_beam_as_wide_as_everything_finds_the_best_text(engine):
    best = max(itertools.product(range(4, 8), repeat=4), key=lambda t: log_probability(engine, t))
    assert tuple(beam_search(engine, VOCABULARY, RUNNING, [5], 4, beams=256)) == best


def test_a_beam_of_one_is_greedy(engine):
    greedy = list(generate(engine, VOCABULARY, RUNNING, [5], 12, Sampling(greedy=True),
                           np.random.default_rng(0)))  # fmt: skip
    assert beam_search(engine, VOCABULARY, RUNNING, [5], 12, beams=1) == greedy


def test_same_seed_same_text_and_no_special_is_written(engine):
    def run(seed: int) -> list[int]:
        generator = np.random.default_rng(seed)
        return list(generate(engine, VOCABULARY, RUNNING, [], 300, Sampling(3.0), generator))

    assert run(1) == run(1) != run(2)
    assert set(run(1)) == {4, 5, 6, 7}


def test_a_document_ends_at_its_end(engine):
    generator = np.random.default_rng(1)
    texts = [list(generate(engine, VOCABULARY, DOCUMENTS, [], 50, Sampling(2.0), generator))
             for _ in range(30)]  # fmt: skip
    assert len({len(text) for text in texts}) > 3
    assert all(EOS_ID not in text for text in texts)
