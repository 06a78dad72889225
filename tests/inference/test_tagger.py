"""The NumPy tagger against torch's, over every model kind that it runs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from rnntool.configuration import as_dict
from rnntool.data.sequences import pack_sequences
from rnntool.data.tagged import Tagged
from rnntool.inference import packed
from rnntool.inference.tagger import NumpyTagger, can_tag
from rnntool.models.settings import TaggerSettings
from rnntool.models.tagger import SequenceTagger
from rnntool.registry import CELLS, CHARACTER_ENCODERS
from rnntool.tasks.tag.task import tag_probabilities

V, CHARACTERS, TAGS = 9, 11, 4
SENTENCES = [[4, 5], [], [6], [1, 7, 8, 4, 5], [3]]
WORDS = [[0, 1], [], [2], [3, 4, 5, 0, 1], [4]]
SPELLINGS = [[4, 5, 6], [], [7], [8, 9, 10, 4, 5, 6, 7], [1], [9, 9]]
KINDS = [
    {"cell": cell, "characters": characters}
    for cell, characters in itertools.product(CELLS, CHARACTER_ENCODERS)
] + [
    {"layers": 2, "bidirectional": False}, {"layers": 2}, {"input": "one-hot"},
    {"encoder": "directional", "layers": 2}, {"input": "one-hot", "characters": "none"},
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_probabilities_equal_torchs(kind, monkeypatch):
    torch.manual_seed(1)
    chosen = {"bidirectional": True, **kind}
    settings = TaggerSettings(
        hidden=5, embedding_dim=4, character_dim=3, character_hidden=2, **chosen
    )
    assert can_tag(as_dict(settings))
    model = SequenceTagger(settings, V, CHARACTERS, TAGS).eval()
    tensors = {name: t.numpy() for name, t in model.state_dict().items()}
    data = Tagged(*map(pack_sequences, (SENTENCES, WORDS, SPELLINGS, SENTENCES)))
    expected, _ = tag_probabilities(model, data, torch.device("cpu"))
    engine = NumpyTagger(as_dict(settings), tensors, threads=2)
    found = engine.probabilities(SENTENCES, WORDS, SPELLINGS)
    assert np.allclose(found, expected, atol=1e-5)
    monkeypatch.setattr(packed, "_TOGETHER", 2)  # side by side, each sentence its own answer
    assert np.allclose(engine.probabilities(SENTENCES, WORDS, SPELLINGS), found, atol=1e-6)
    alone = engine.probabilities([SENTENCES[2]], [[0]], [SPELLINGS[2]])
    assert np.allclose(alone, expected[2:3], atol=1e-5)


@pytest.mark.parametrize("extra", [
    {"crf": True}, {"encoder": "cnn"}, {"layer_norm": True}, {"input": "characters"},
])  # fmt: skip
def test_what_it_cannot_run_it_says(extra):
    assert not can_tag(as_dict(TaggerSettings()) | extra)
