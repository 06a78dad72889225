from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from rnntool.errors import UserError
from rnntool.formats.int8 import SAME, SCALE, ScaledRows, in_eight_bits, quantize
from rnntool.formats.weights import open_weights, read_shapes, read_weights
from rnntool.training.checkpoint import load_weights

RNG = np.random.default_rng(5)
TABLE = (RNG.normal(size=(300, 24)) * RNG.uniform(0.01, 9, size=(300, 1))).astype(np.float32)
TABLE[7] = 0
TENSORS = {
    "table": TABLE,
    "filters": RNG.normal(size=(64, 24, 3)).astype(np.float32),
    "tied": TABLE.copy(),
    "small": RNG.normal(size=(2, 24)).astype(np.float32),
    "bias": RNG.normal(size=5000).astype(np.float32),
    "numbers": RNG.integers(0, 70_000, size=(40, 3)),
    "flags": np.array([0, 1, 3]),
    "signs": np.array([-1, 5]),
}
TENSORS["twin"] = TENSORS["small"].copy()


@pytest.fixture
def file(tmp_path) -> Path:
    save_file(in_eight_bits(TENSORS), tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


@pytest.mark.filterwarnings("ignore:.*quantized tensor creation.*deprecated")
def test_values_are_those_that_torch_quantizes_to():
    values, scales = quantize(TABLE[8:])
    theirs = torch.quantize_per_channel(
        torch.from_numpy(TABLE[8:]), torch.from_numpy(scales).double(),
        torch.zeros(len(scales), dtype=torch.int64), 0, torch.qint8,
    )  # fmt: skip
    np.testing.assert_array_equal(values, theirs.int_repr().numpy())
    np.testing.assert_allclose(values * scales[:, None], theirs.dequantize().numpy(), rtol=1e-6)


def test_a_row_of_zeros_is_divided_by_nothing():
    with np.errstate(all="raise"):
        values, scales = quantize(TABLE[7:8])
    assert not values.any()
    assert not scales.any()


def test_nothing_is_further_off_than_half_a_step_of_its_row(file):
    found = read_weights(file)
    assert set(found) == set(TENSORS)
    for name in ("table", "filters"):
        rows = TENSORS[name].reshape(len(TENSORS[name]), -1)
        step = np.abs(rows).max(axis=1, keepdims=True) / 127
        off = np.abs(found[name].reshape(rows.shape) - rows)
        assert (off <= step / 2 * 1.0001).all()
        assert off.max() > 0
    np.testing.assert_array_equal(found["tied"], found["table"])
    np.testing.assert_array_equal(found["table"][7], np.zeros(24))
    # Too small, no matrix, whole numbers.
    for name in ("small", "twin", "bias", "numbers", "flags", "signs"):
        np.testing.assert_array_equal(found[name], TENSORS[name])


def test_the_file_holds_a_byte_a_number_and_tied_ones_once(file):
    stored = load_file(file)
    assert stored["table"].dtype == stored["filters"].dtype == np.int8
    assert stored["numbers"].dtype == np.int32
    assert (stored["flags"].dtype, stored["signs"].dtype) == (np.uint8, np.int16)  # no int8
    assert {"small", "twin"} <= set(stored)  # where nothing is saved
    assert "tied" not in stored
    assert bytes(stored["tied" + SAME]).decode() == "table"
    assert stored["table" + SCALE].shape == (300,)
    assert read_shapes(file) == {name: list(t.shape) for name, t in TENSORS.items()}


def test_rows_are_those_of_the_whole_and_torch_reads_the_same(file):
    opened, whole = open_weights(file, by_row=["table", "tied"]), read_weights(file)
    for name in ("table", "tied"):
        rows = opened[name]
        assert isinstance(rows, ScaledRows)
        assert (len(rows), rows.shape) == (300, (300, 24))
        for asked in ([3, 0, 3], [299], [], list(range(300)) * 8):
            ids = np.array(asked, dtype=np.int64)
            np.testing.assert_array_equal(rows[ids], whole[name][ids])
    for name, tensor in load_weights(file).items():
        np.testing.assert_array_equal(tensor.numpy(), whole[name])


def no_scales(tensors):
    del tensors["table" + SCALE]
    return "table is int8 and has no scales"


def scales_of_other_rows(tensors):
    tensors["table" + SCALE] = tensors["table" + SCALE][1:].copy()
    return "table has the shape [300, 24], and scales of [299]"


def scales_of_another_type(tensors):
    tensors["table" + SCALE] = tensors["table" + SCALE].astype(np.float64)
    return "table has the shape [300, 24], and scales of [300]"


def endless_scale(tensors):
    tensors["filters" + SCALE][3] = np.inf
    return "has a value that is not finite"


def a_scale_too_large_for_its_row(tensors):
    tensors["filters" + SCALE][3] = 3e38
    return "filters has a value that is not finite"


def scales_alone(tensors):
    tensors["other" + SCALE] = np.ones(3, dtype=np.float32)
    return "other.row_scale belongs to no int8 matrix"


def tied_to_nothing(tensors):
    tensors["tied" + SAME] = np.frombuffer(b"nothing", dtype=np.uint8)
    return "tied.same_as speaks of 'nothing'"


def tied_to_itself(tensors):
    tensors["tied" + SAME] = np.frombuffer(b"tied.same_as", dtype=np.uint8)
    return "tied.same_as speaks of"


def tied_and_there(tensors):
    tensors["tied"] = np.ones((3, 3), dtype=np.float32)
    return "tied.same_as speaks of"


def not_a_name(tensors):
    tensors["tied" + SAME] = np.array([0xFF, 0xFE], dtype=np.uint8)
    return "tied.same_as is no name"


@pytest.mark.parametrize("harm", [
    no_scales, scales_of_other_rows, scales_of_another_type, endless_scale,
    a_scale_too_large_for_its_row, scales_alone, tied_to_nothing, tied_to_itself, tied_and_there,
    not_a_name,
])  # fmt: skip
def test_what_does_not_belong_together_is_refused(tmp_path, harm):
    tensors = in_eight_bits(TENSORS)
    says = harm(tensors)
    path = tmp_path / "w.safetensors"
    save_file(tensors, path)
    for read in (read_weights, load_weights, lambda path: open_weights(path, by_row=["table"])):
        with pytest.raises(UserError) as error:
            read(path)
        assert says in str(error.value)
        assert str(path) in str(error.value)
