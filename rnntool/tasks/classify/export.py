"""`rnntool export`: a trained classifier as ONNX.

Shapes: B batch, T time, C classes.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnntool.data.sequences import Sequences, pack_sequences, sorted_batches
from rnntool.errors import UserError
from rnntool.formats.corpus import split_tokens
from rnntool.formats.writing import explain_os_errors, refuse_existing, write_binary
from rnntool.models.classifier import SequenceClassifier
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import ExportSettings
from rnntool.tasks.classify.decision import DEFAULT_THRESHOLD
from rnntool.tasks.classify.evaluate import read_rows, row_options
from rnntool.tasks.classify.load import TrainedClassifier, load_classifier
from rnntool.tasks.classify.task import build_model

_OPSET = 17
_INPUTS, _OUTPUT = ["ids", "lengths"], "probabilities"
_EIGHT_BITS = ["MatMul", "Gemm", "LSTM", "Gather"]  # operators with 8-bit versions in onnxruntime
_EVAL_TOKENS = 16_384  # maximum size of a padded batch

Floats = NDArray[np.float64]


class _Probabilities(nn.Module):
    """The model with probabilities instead of scores as output."""

    def __init__(self, model: SequenceClassifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        return self.model.probabilities(self.model(ids, lengths))


def export_classifier(
    run: str, output: str, settings: ExportSettings, report: Reporter, *, force: bool = False
) -> dict[str, float]:
    """Write a run of `train classify` as one ONNX file.

    Its inputs are `ids` [B, T] (int64, right-padded with 0) and `lengths` [B] (int64, from 0 to T);
    its output `probabilities` is [B, C]. Its metadata are `tokenizer`, `labels` and `vocabulary`
    (a line each, in the order of their numbers), `max_length` (0: none), `multi_label` (1: each
    probability by itself) and, where the tokenizer has one, `subword_model` (JSON: `model` is a
    file of the library tokenizers, with its merges).

    Returns:
        With `--check`, the accuracy of the run and of the file, and their differences.

    Raises:
        UserError: the run cannot be used or exported, `output` exists, or onnx is missing.
    """
    refuse_existing(output, force)
    onnx = _onnx()
    trained = load_classifier(run, "cpu", settings.threads)
    trained.run.note(report)
    _refuse_written_cells(trained)
    with _quiet(), explain_os_errors(tempfile.gettempdir()):
        model = onnx.load_from_string(_traced(trained))
        if settings.int8:
            model = _in_eight_bits(onnx, model)
    _add_metadata(model, trained)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    figures = {} if settings.check is None else _compare(trained, content, settings, report)
    with write_binary(output) as sink:
        sink.write(content)
    report.note(f"{output}: {len(content) / 1e6:.1f} MB, {'int8' if settings.int8 else 'float32'}")
    return figures


def _onnx() -> Any:
    try:
        import onnx
        import onnxruntime  # noqa: F401  (for --int8 and --check)
    except ImportError:
        raise UserError("export needs onnx", hint="pip install 'rnntool[export]'") from None
    return onnx


def _refuse_written_cells(trained: TrainedClassifier) -> None:
    """Refuse our own layers: the exporter would unroll them to the length of an example."""
    settings = trained.settings
    extras = [name for name in ("layer_norm", "features") if getattr(settings, name)]
    if settings.input == "characters":
        extras.append("input characters")
    if settings.cell == "gru-reset-before":
        extras.append(f"cell {settings.cell}")
    if extras:
        raise UserError(
            f"{' and '.join(extras)} cannot be exported", where=trained.run.path,
            hint="train without it, so that torch's layers are used",
        )  # fmt: skip


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the messages of torch's exporter."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _traced(trained: TrainedClassifier) -> bytes:
    """The model as ONNX, for batches of any size and length."""
    ids = torch.tensor([[4, 2, 1], [1, 0, 0]])
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            _Probabilities(_on_torchs_layers(trained)).eval(), (ids, torch.tensor([3, 1])), path,
            input_names=_INPUTS, output_names=[_OUTPUT], opset_version=_OPSET,
            dynamic_axes={"ids": {0: "B", 1: "T"}, "lengths": {0: "B"}, _OUTPUT: {0: "B"}},
            dynamo=False,  # the newer exporter unrolls a recurrent layer to the example's length
        )  # fmt: skip
        return path.read_bytes()


def _on_torchs_layers(trained: TrainedClassifier) -> SequenceClassifier:
    """The model without what works in training alone, for which its layers are written out."""
    if not trained.settings.recurrent_dropout:
        return trained.model
    plain = replace(trained.settings, recurrent_dropout=0.0)
    model = build_model(plain, trained.run.vocabulary, len(trained.labels), None, None)
    model.load_state_dict(trained.model.state_dict())
    return model


def _in_eight_bits(onnx: Any, model: Any) -> Any:
    """Dynamic quantization: weights in 8 bits, states in float32."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        whole, small = (str(Path(folder) / name) for name in ("whole.onnx", "small.onnx"))
        onnx.save(model, whole)
        quantize_dynamic(
            whole, small, weight_type=QuantType.QInt8, op_types_to_quantize=_EIGHT_BITS
        )
        return onnx.load(small)


def _add_metadata(model: Any, trained: TrainedClassifier) -> None:
    values = {
        "tokenizer": trained.tokenizer,
        "labels": "\n".join(trained.labels),
        "vocabulary": "\n".join(trained.run.vocabulary.tokens),
        "max_length": str(trained.settings.max_length),
        "multi_label": str(int(trained.settings.multi_label)),
    }
    subword = trained.run.subword_model()
    if subword is not None:
        values["subword_model"] = subword.decode("utf-8")
    for key, value in values.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value


def _compare(
    trained: TrainedClassifier, content: bytes, settings: ExportSettings, report: Reporter
) -> dict[str, float]:
    """The accuracy of the run and of the file on labelled data."""
    assert settings.check is not None
    worker = trained.worker_options(settings.jvm_heap)
    separator = trained.settings.separator
    rows = read_rows(settings.check, row_options(settings), worker, settings, report, separator)
    limit = trained.settings.max_length or None
    encode = trained.run.vocabulary.encode
    sequences = pack_sequences(encode(split_tokens(text)[:limit]) for text in rows.tokens)
    own, theirs = trained.probabilities(rows.tokens), run_onnx(content, sequences)
    truth: NDArray[Any]
    if separator is None:  # [N, 1] the class
        truth = rows.numbers(trained.labels, settings.check)[:, None]
        predicted = [found.argmax(axis=1)[:, None] for found in (own, theirs)]
    else:  # [N, C] each label
        truth = rows.matrix(trained.labels, settings.check)
        predicted = [found >= DEFAULT_THRESHOLD for found in (own, theirs)]
    return {
        "documents": len(truth),
        "accuracy of the run": float((predicted[0] == truth).all(axis=1).mean()),
        "accuracy of the file": float((predicted[1] == truth).all(axis=1).mean()),
        "share of different answers": float((predicted[0] != predicted[1]).any(axis=1).mean()),
        "largest difference of a probability": float(np.abs(own - theirs).max()),
    }


def run_onnx(content: bytes, sequences: Sequences) -> Floats:
    """[N, C] probabilities from onnxruntime, in the order of the texts."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    result: Floats | None = None
    for rows in sorted_batches(sequences.lengths, _EVAL_TOKENS):
        ids, lengths = sequences.padded(rows)
        (found,) = session.run([_OUTPUT], dict(zip(_INPUTS, (ids, lengths), strict=True)))
        if result is None:
            result = np.empty((len(sequences), found.shape[1]))
        result[rows] = found
    assert result is not None
    return result
