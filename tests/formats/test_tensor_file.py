from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from rnntool.errors import UserError
from rnntool.formats.tensor_file import Rows, TensorFile
from rnntool.formats.weights import open_weights, read_shapes, read_weights

RNG = np.random.default_rng(3)
TENSORS = {
    "vectors": RNG.normal(size=(40, 3)).astype(np.float32),
    "half": RNG.normal(size=(5, 2)).astype(np.float16),
    "bytes": RNG.integers(0, 256, size=(6, 7)).astype(np.uint8),
    "single": np.array(2.5, dtype=np.float64),
    "none": np.zeros((0, 4), dtype=np.float32),
}


@pytest.fixture
def file(tmp_path) -> Path:
    save_file(TENSORS, tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


def test_tensors_are_those_that_the_formats_own_library_reads(file):
    expected, found = load_file(file), read_weights(file)
    assert set(found) == set(expected) == set(TENSORS)
    for name, tensor in found.items():
        assert tensor.dtype == expected[name].dtype
        np.testing.assert_array_equal(tensor, expected[name])
    assert read_shapes(file) == {name: list(tensor.shape) for name, tensor in TENSORS.items()}


@pytest.mark.parametrize("name", ["vectors", "half", "bytes"])
@pytest.mark.parametrize("many", [1, 4096])  # read whole from so many rows on
def test_rows_are_those_of_the_whole_matrix(file, name, many, monkeypatch):
    monkeypatch.setattr(Rows, "_MANY", many)
    rows, whole = open_weights(file, by_row=[name])[name], TENSORS[name]
    assert isinstance(rows, Rows)
    assert (len(rows), rows.dtype) == (len(whole), whole.dtype)
    for asked in ([3, 0, 3], [len(whole) - 1], [], [1, 2, 3, 3, 4, 2]):
        ids = np.array(asked, dtype=np.int64)
        np.testing.assert_array_equal(rows[ids], whole[ids])
    for wrong in ([len(whole)], [0, len(whole)]):
        with pytest.raises(IndexError):
            rows[np.array(wrong)]
    with pytest.raises(IndexError):
        TensorFile(file).read_rows(name, [0, -1])


def test_a_row_that_is_not_finite_is_refused_when_it_is_read(file):
    vectors = TENSORS["vectors"].copy()
    vectors[7, 1] = np.inf
    save_file({"vectors": vectors}, file)
    rows = open_weights(file, by_row=["vectors"])["vectors"]
    assert np.isfinite(rows[np.array([6, 8])]).all()
    with pytest.raises(UserError, match="vectors has a value that is not finite"):
        rows[np.array([6, 7])]
    with pytest.raises(UserError, match="vectors has a value that is not finite"):
        read_weights(file)


def test_a_file_that_is_replaced_is_read_on_and_one_that_is_cut_off_is_refused(file):
    rows, ids = Rows(TensorFile(file), "vectors"), np.array([39])
    save_file({"other": np.ones(3)}, file.with_name("new"))
    os.replace(file.with_name("new"), file)
    np.testing.assert_array_equal(rows[ids], TENSORS["vectors"][ids])

    save_file(TENSORS, file)
    rows = Rows(TensorFile(file), "vectors")
    os.truncate(file, 100)
    with pytest.raises(UserError, match="was changed while it was in use"):
        rows[ids]


def test_a_file_that_is_written_again_in_its_place_is_refused(file):
    rows = Rows(TensorFile(file), "vectors")
    file.write_bytes(file.read_bytes())
    os.utime(file, (1, 1))
    with pytest.raises(UserError, match="was changed while it was in use"):
        rows[np.array([39])]


def test_a_read_that_brings_less_than_was_asked_for_goes_on(file, monkeypatch):
    """As the system does with more than 2 GB at once."""
    opened = TensorFile(file)

    class Short:
        fileno, seek = opened._file.fileno, opened._file.seek

        @staticmethod
        def readinto(place: memoryview) -> int:
            return whole.readinto(place[:7])

    whole = opened._file
    monkeypatch.setattr(opened, "_file", Short)
    np.testing.assert_array_equal(opened.read("vectors"), TENSORS["vectors"])


def test_a_file_that_is_no_longer_needed_is_closed(file):
    before = len(os.listdir("/proc/self/fd"))
    read_weights(file)
    rows = open_weights(file, by_row=["vectors"])
    assert len(os.listdir("/proc/self/fd")) == before + 1
    del rows
    assert len(os.listdir("/proc/self/fd")) == before


def entry(shape=(2,), begin=0, end=8, dtype="F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ([], "no JSON object"),
        ({"w": 3}, "the header's entry of 'w'"),
        ({"w": {**entry(), "shape": [-2]}}, "the header's entry of 'w'"),
        ({"w": {**entry(), "shape": "ab"}}, "the header's entry of 'w'"),
        ({"w": {**entry(), "shape": [True, 2]}}, "the header's entry of 'w'"),
        ({"w": {**entry(), "data_offsets": [0]}}, "the header's entry of 'w'"),
        ({"w": entry(dtype=None)}, "the header's entry of 'w'"),
        ({"w": entry(shape=(3,))}, "other than the bytes that its shape needs"),
        ({"w": entry(), "v": entry()}, "does not begin where"),
        ({"w": entry(begin=4, end=12)}, "does not begin where"),
        ({"w": entry(shape=(1,), end=4)}, "speaks of"),
        ({"w": entry(shape=(4,), end=16)}, "speaks of"),
        ({"w": entry(shape=(4,), dtype="BF16")}, "numbers of 'BF16'"),
    ],
)
def test_a_header_that_does_not_fit_its_file_is_refused(tmp_path, header, says):
    content = json.dumps(header).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", len(content)) + content + bytes(8))
    with pytest.raises(UserError, match="damaged weights") as caught:
        read_weights(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\1\0\0", struct.pack("<Q", 1 << 60) + b"{}",
                                     struct.pack("<Q", 4) + b"[[[["])  # fmt: skip
def test_what_is_no_such_file_is_refused(tmp_path, content):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged weights"):
        read_shapes(path)
    with pytest.raises(UserError, match="damaged weights: No such file"):
        read_shapes(tmp_path / "none")


def test_a_header_nested_without_end_is_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", 100_000) + b"[" * 100_000)
    with pytest.raises(UserError, match="damaged weights"):
        read_shapes(path)
