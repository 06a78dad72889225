"""The rule by which a number format is chosen, on processors of every kind."""

from __future__ import annotations

import pytest
import torch

from rnntool.errors import UserError
from rnntool.runs import train as runs_train
from rnntool.training import backend
from rnntool.training.backend import AMX, choose_backend
from tests.commands.test_workflow import write_reviews

PROBES = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")


@pytest.fixture
def processor(monkeypatch):
    """`processor(amx, avx512)` is one with those bf16 instructions, without a GPU."""

    def fake(*has: bool | None) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        for name, value in zip(PROBES, has, strict=True):
            if value is None:  # a torch that has no such probe
                monkeypatch.delattr(torch.cpu, name)
            else:
                monkeypatch.setattr(torch.cpu, name, lambda value=value: value)

    return fake


@pytest.mark.parametrize(
    ("has", "precision", "onednn", "said"),
    [
        ((True, True), "bf16", True, "AMX"),
        ((True, False), "bf16", True, "AMX"),
        ((False, True), "bf16", True, "AVX-512"),
        ((False, False), "fp32", True, "no bf16"),
        ((None, None), "fp32", True, "no bf16"),
        ((None, True), "bf16", True, "AVX-512"),
    ],
)
def test_bf16_is_chosen_where_the_processor_multiplies_it(processor, has, precision, onednn, said):
    processor(*has)
    chosen = choose_backend()
    assert (chosen.precision, chosen.onednn, chosen.emulated) == (precision, onednn, False)
    assert said in chosen.reason


@pytest.mark.parametrize(("width", "precision"), [(32, "fp32"), (64, "bf16")])
def test_layers_that_gain_nothing_stay_in_fp32(processor, width, precision):
    processor(False, True)
    assert choose_backend(width=width).precision == precision
    assert choose_backend(precision="bf16", width=width).precision == "bf16"


@pytest.mark.parametrize(("has", "onednn"), [((True, True), False), ((False, True), True)])
def test_fp32_leaves_onednn_out_beside_amx_alone(processor, has, onednn):
    processor(*has)
    assert backend.bf16_units() == (AMX if has[0] else "AVX-512")
    assert choose_backend(precision="fp32").onednn is onednn


def test_cuda_without_a_gpu_is_refused(processor):
    processor(False, False)
    with pytest.raises(UserError, match="no GPU"):
        choose_backend("cuda")


def train(cli, tmp_path, *options):
    reviews = write_reviews(tmp_path / "train.txt", 40, 5)
    return cli("train", "classify", reviews, "-o", tmp_path / "run", "--embedding-dim", 6,
               "--epochs", 1, "--hidden", 6, *options)  # fmt: skip


def test_emulated_bf16_is_warned_of(cli, processor, tmp_path, monkeypatch):
    processor(False, False)
    monkeypatch.setattr(
        runs_train.Backend, "autocast", lambda _: torch.autocast("cpu", enabled=False)
    )
    result = train(cli, tmp_path, "--precision", "bf16")
    assert result.code == 0, result.err
    assert result.err.count("emulates bf16") == 1
    assert "two to three times as long as with fp32" in result.err


def test_bf16_in_hardware_is_not_warned_of(cli, processor, tmp_path):
    processor(False, True)
    result = train(cli, tmp_path, "--precision", "fp32")
    assert result.code == 0, result.err
    assert "bf16:" not in result.err.replace("multiplies bf16:", "")
