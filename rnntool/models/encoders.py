"""Make an encoder from settings: recurrent, convolutional, or a convolution before it."""

from __future__ import annotations

from rnntool.errors import UserError
from rnntool.models.convolution import ConvolutionEncoder, ConvolutionRecurrentEncoder
from rnntool.models.directional import DirectionalEncoder
from rnntool.models.recurrent import Extras, RecurrentEncoder
from rnntool.models.settings import EncoderSettings

Encoder = RecurrentEncoder | DirectionalEncoder | ConvolutionEncoder | ConvolutionRecurrentEncoder


def make_encoder(settings: EncoderSettings, input_dim: int) -> Encoder:
    """An encoder over [B, T, D] inputs and [B] lengths.

    Raises:
        UserError: `--conv-widths` is no list of widths.
    """
    if settings.encoder == "recurrent":
        return _recurrent(settings, input_dim)
    if settings.encoder == "directional":
        return DirectionalEncoder(
            settings.cell, input_dim, settings.hidden, settings.layers, settings.dropout,
            _extras(settings),
        )  # fmt: skip
    layers = settings.layers if settings.encoder == "cnn" else 1
    convolution = ConvolutionEncoder(
        input_dim, _widths(settings.conv_widths), settings.conv_filters, layers, settings.dropout,
        settings.residual,
    )  # fmt: skip
    if settings.encoder == "cnn":
        return convolution
    recurrent = _recurrent(settings, convolution.output_dim)
    return ConvolutionRecurrentEncoder(convolution, settings.conv_pool, recurrent)


def _recurrent(settings: EncoderSettings, input_dim: int) -> RecurrentEncoder:
    return RecurrentEncoder(
        settings.cell, input_dim, settings.hidden, settings.layers, settings.bidirectional,
        settings.dropout, _extras(settings),
    )  # fmt: skip


def _extras(settings: EncoderSettings) -> Extras:
    return Extras(settings.layer_norm, settings.recurrent_dropout, settings.residual)


def _widths(listed: str) -> list[int]:
    widths = [int(part) for part in listed.split(",") if part.strip().isdecimal()]
    if len(widths) != len(listed.split(",")) or min(widths) < 1:
        raise UserError(f"--conv-widths is {listed!r}", hint="write widths as 3,4,5")
    return widths
