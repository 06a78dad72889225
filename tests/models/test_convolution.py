"""The convolutional encoders: windows by hand, padding, shift invariance."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from rnntool.errors import UserError
from rnntool.models.convolution import ConvolutionEncoder
from rnntool.models.encoders import make_encoder
from rnntool.models.pooling import pool
from rnntool.models.settings import EncoderSettings

B, T, D = 3, 9, 4


@pytest.fixture(autouse=True)
def _float64():
    torch.manual_seed(5)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def settings(encoder: str, **values: object) -> EncoderSettings:
    return EncoderSettings(
        encoder=encoder, hidden=6, conv_filters=5, conv_widths="2,3", dropout=0.0, **values
    )


def test_a_filter_is_a_product_with_each_window():
    encoder = ConvolutionEncoder(D, [3], 2)
    x = torch.randn(1, T, D)
    states, _ = encoder(x, torch.tensor([T]))
    conv = encoder.layers[0][0]
    padded = functional.pad(x[0], (0, 0, 1, 1))
    for t in range(T):
        window = padded[t : t + 3].T  # D × width
        expected = torch.relu((conv.weight * window).sum(dim=(1, 2)) + conv.bias)
        assert torch.allclose(states[0, t], expected)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", ["cnn", "cnn-rnn"])
def test_padding_changes_no_row(kind, layers):
    encoder = make_encoder(settings(kind, layers=layers, bidirectional=True), D).eval()
    x = torch.randn(B, T, D)
    lengths = torch.tensor([T, 4, 0])
    states, last = encoder(x, lengths)
    for row, length in enumerate(lengths.tolist()[:2]):
        alone, alone_last = encoder(x[row : row + 1, :length], lengths[row : row + 1])
        steps = int(encoder.steps(lengths)[row])
        assert alone.shape[1] == steps
        assert torch.allclose(states[row, :steps], alone[0], rtol=1e-10)
        assert torch.allclose(last[row], alone_last[0], rtol=1e-10)
    assert not last[2].any()


def test_global_max_over_a_convolution_does_not_see_where_a_pattern_stands():
    encoder = make_encoder(settings("cnn"), D)
    pattern = torch.randn(3, D)
    features = []
    for place in (3, 8):  # both far enough from the borders for the widest filter
        x = torch.zeros(1, 14, D)
        x[0, place : place + 3] = pattern
        lengths = torch.tensor([14])
        features.append(pool("max", *encoder(x, lengths), lengths))
    assert torch.allclose(features[0], features[1])
    assert features[0].abs().max() > 0


def test_a_recurrent_encoder_does_see_it():
    encoder = make_encoder(settings("recurrent"), D)
    pattern = torch.randn(3, D)
    lasts = []
    for place in (3, 8):
        x = torch.zeros(1, 14, D)
        x[0, place : place + 3] = pattern
        lasts.append(encoder(x, torch.tensor([14]))[1])
    assert not torch.allclose(lasts[0], lasts[1], rtol=1e-3)


def test_the_hybrid_reads_the_maximum_of_each_few_steps():
    encoder = make_encoder(settings("cnn-rnn", conv_pool=4), D)
    lengths = torch.tensor([T])
    states, _ = encoder(torch.randn(1, T, D), lengths)
    assert states.shape == (1, 3, 6)
    assert encoder.steps(lengths).tolist() == [3]


@pytest.mark.parametrize("widths", ["", "3,x", "0", "3;4"])
def test_widths_that_are_none_are_refused(widths):
    with pytest.raises(UserError, match="--conv-widths"):
        make_encoder(EncoderSettings(encoder="cnn", conv_widths=widths), D)
