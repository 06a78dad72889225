"""Chunks of a text: nothing twice, nothing lost, targets follow inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnntool.data.chunks import DocumentChunks, StreamChunks, find_documents
from rnntool.data.id_file import IdFile, Numbering, renumber_lines, write_numbered
from rnntool.text.vocabulary import BOS_ID, EOS_ID, PAD_ID


@pytest.fixture
def numbers(tmp_path: Path) -> IdFile:
    path = tmp_path / "ids.bin"
    np.arange(10, 113, dtype="<u4").tofile(path)
    return IdFile(path)


def test_numbers_are_in_the_order_of_appearance(tmp_path):
    numbering = write_numbered([["나", "가", "나"], [], ["다"]], tmp_path / "x")
    assert numbering == Numbering({"나": 0, "가": 1, "다": 2})
    ids = IdFile(tmp_path / "x")
    assert ids.read(0, 10).tolist() == [0, 1, 0, 2]
    assert ids.read(2, 3).tolist() == [0]
    assert len(ids) == 4


def test_a_vocabulary_renumbers_and_what_it_lacks_is_counted(tmp_path):
    unknown = renumber_lines([["a", "x", "b"], ["x"]], {"a": 7, "b": 9}, tmp_path / "x")
    assert IdFile(tmp_path / "x").read(0, 9).tolist() == [7, 1, 9, 1]
    assert unknown == {"x": 2}


@pytest.mark.parametrize("jitter", [False, True])
@pytest.mark.parametrize(("batch", "bptt"), [(1, 7), (4, 5), (3, 200), (4, 1)])
def test_streams_read_every_token_once_and_in_order(numbers, batch, bptt, jitter):
    chunks = StreamChunks(numbers, 2, 101, batch, bptt, jitter=jitter, seed=1)
    read = [chunks.read(place) for place in chunks.places(1)]
    assert [chunk.fresh for chunk in read] == [True] + [False] * (len(read) - 1)
    inputs = np.concatenate([chunk.inputs for chunk in read])
    targets = np.concatenate([chunk.targets for chunk in read])
    assert inputs.shape == (98 // batch, batch)
    assert np.array_equal(inputs + 1, targets)
    assert np.array_equal(inputs.T.ravel(), np.arange(12, 12 + 98 // batch * batch))
    assert chunks.tokens() == inputs.size


def test_epochs_of_so_many_steps_go_on_in_the_text(numbers):
    chunks = StreamChunks(numbers, 0, 101, 2, 10, epoch_steps=3)  # 5 chunks in all
    starts = [[place.start for place in chunks.places(epoch)] for epoch in (1, 2, 3)]
    assert starts == [[0, 10, 20], [30, 40, 0], [10, 20, 30]]
    assert [place.fresh for place in chunks.places(2)] == [False, False, True]


def test_jitter_moves_the_borders_from_round_to_round(numbers):
    chunks = StreamChunks(numbers, 0, 101, 2, 8, jitter=True, seed=1)
    borders = [tuple(place.stop for place in chunks.places(epoch)) for epoch in (1, 2, 1)]
    assert borders[0] == borders[2] != borders[1]


@pytest.mark.parametrize(("start", "stop", "spans"), [
    (0, 9, [(0, 3), (3, 9)]),
    (1, 9, [(3, 9)]),  # the rest of a document whose beginning is elsewhere is left out
    (4, 9, [(4, 9)]),  # unless there is nothing else
    (0, 5, [(0, 3), (3, 5)]),
])  # fmt: skip
def test_documents_are_found_between_two_positions(tmp_path, start, stop, spans):
    flat = [BOS_ID, 5, EOS_ID, BOS_ID, 6, 7, 8, 9, EOS_ID]
    np.array(flat, dtype="<u4").tofile(tmp_path / "x")
    begins, ends = find_documents(IdFile(tmp_path / "x"), start, stop)
    assert list(zip(begins.tolist(), ends.tolist(), strict=True)) == spans


def test_documents_come_whole_and_long_ones_in_pieces(tmp_path):
    documents = [[5, 6], [], [7] * 9, [8]]
    flat = [t for d in documents for t in (BOS_ID, *d, EOS_ID)]
    np.array(flat, dtype="<u4").tofile(tmp_path / "x")
    chunks = DocumentChunks(IdFile(tmp_path / "x"), len(flat), batch=2, bptt=6, seed=1)
    assert chunks.cut == 1
    pairs = []
    for place in chunks.places(1):
        chunk = chunks.read(place)
        assert chunk.fresh
        for column in range(chunk.inputs.shape[1]):
            real = chunk.targets[:, column] != PAD_ID
            pairs.append(
                (chunk.inputs[real, column].tolist(), chunk.targets[real, column].tolist())
            )
    expected = [([2, 5, 6], [5, 6, 3]), ([2], [3]), ([2, 7, 7, 7, 7, 7], [7] * 6),
                ([7, 7, 7, 7], [7, 7, 7, 3]), ([2, 8], [8, 3])]  # fmt: skip
    assert sorted(pairs) == sorted(expected)
    assert chunks.tokens() == sum(len(inputs) for inputs, _ in expected)
