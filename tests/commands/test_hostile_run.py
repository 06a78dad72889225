"""A run directory from a stranger: damaged or made to do harm, it is refused in one line."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from rnntool.formats import int8
from tests.commands.test_workflow import corpus, trained
from tests.conftest import Cli, one_line_error

__all__ = ["corpus", "trained"]


@pytest.fixture(params=["run", "compressed"])
def run(request, trained, tmp_path, cli: Cli, monkeypatch) -> Path:
    run = tmp_path / "run"
    if request.param == "run":
        return Path(shutil.copytree(trained / "run", run))
    monkeypatch.setattr(int8, "_FEW", 1)  # every matrix, though all are small
    assert cli("compress", trained / "run", "-o", run, "-q").code == 0
    dtypes = {t.dtype for t in load_file(run / "weights.safetensors").values()}
    assert dtypes == {torch.int8, torch.float32}
    return run


def change_settings(run: Path, **settings: object) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text("utf-8"))
    config["settings"] |= settings
    (run / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")


def yaml_bomb(run: Path) -> str:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    (run / "config.yaml").write_text("a0: &a0 [x]\n" + levels, "utf-8")
    return "aliases (*name) are not allowed"


def endless_yaml(run: Path) -> str:
    (run / "config.yaml").write_text("[" * 100_000, "utf-8")
    return "too deep for settings"


def huge_yaml(run: Path) -> str:
    (run / "config.yaml").write_text("# " + "x" * 5_000_000, "utf-8")
    return "too many for settings"


def python_object(run: Path) -> str:
    text = "task: !!python/object/apply:os.system ['touch harm']\n"
    (run / "config.yaml").write_text(text, "utf-8")
    return "damaged"


def not_finite(run: Path, name: str = "output.weight") -> str:
    tensors = load_file(run / "weights.safetensors")
    name = f"{name}.row_scale" if f"{name}.row_scale" in tensors else name
    tensors[name][:] = float("nan")
    save_file(tensors, run / "weights.safetensors")
    return f"{name} has a value that is not finite"


def not_finite_vectors(run: Path) -> str:
    return not_finite(run, "input.embedding.weight")


def other_format(run: Path) -> str:
    config = yaml.safe_load((run / "config.yaml").read_text("utf-8"))
    (run / "config.yaml").write_text(yaml.safe_dump(config | {"format": 3}), "utf-8")
    return "format 3 of a newer rnntool; this one knows up to 2"


def not_compressed_but_a_list(run: Path) -> str:
    config = yaml.safe_load((run / "config.yaml").read_text("utf-8"))
    (run / "config.yaml").write_text(yaml.safe_dump(config | {"compressed": [1]}), "utf-8")
    return "damaged: compressed is not a dict"


def endless_header(run: Path) -> str:
    (run / "weights.safetensors").write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    return "damaged"


def tensor_outside_of_the_file(run: Path) -> str:
    header = json.dumps({"output.weight": {"dtype": "F32", "shape": [1 << 30, 1 << 20],
                                           "data_offsets": [0, 1 << 52]}}).encode()  # fmt: skip
    (run / "weights.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    return "damaged"


def pickled(run: Path) -> str:
    torch.save({"output.weight": torch.zeros(2)}, run / "weights.safetensors")
    return "damaged"


def more_labels(run: Path) -> str:
    (run / "labels.txt").write_text("a\nb\nc\n", "utf-8")
    return "do not fit the model"


def more_tokens(run: Path) -> str:
    with (run / "vocab.tsv").open("a", encoding="utf-8") as vocabulary:
        vocabulary.write("새낱말\t1\n")
    return "the weights were trained with"


def other_shape(run: Path) -> str:
    tensors = load_file(run / "weights.safetensors")
    tensors["output.weight"] = tensors["output.weight"][:, 1:].contiguous()
    save_file(tensors, run / "weights.safetensors")
    return "do not fit the model"


def not_utf8(run: Path) -> str:
    (run / "labels.txt").write_bytes(b"\xff\xfe\n\xff\n")
    return "labels.txt"


@pytest.mark.parametrize(
    "harm",
    [yaml_bomb, endless_yaml, huge_yaml, python_object, not_finite, not_finite_vectors,
     endless_header, other_format, not_compressed_but_a_list, tensor_outside_of_the_file,
     pickled, more_labels, more_tokens, other_shape, not_utf8],
)  # fmt: skip
def test_harm_is_refused(cli: Cli, run, corpus, tmp_path, monkeypatch, harm):
    monkeypatch.chdir(tmp_path)
    says = harm(run)
    for result in (
        cli("eval", run, corpus[1], "-q", "--threads", 1),
        cli("predict", run, "-q", input="좋다 영화\n"),
    ):
        error = one_line_error(result)
        assert says in error
        assert str(run) in error
    assert not (tmp_path / "harm").exists()


def test_sizes_that_the_weights_have_not_are_refused_before_they_are_allocated(cli, run, corpus):
    change_settings(run, hidden=1 << 20)  # W_hh alone would be 16 TiB
    error = one_line_error(cli("eval", run, corpus[1], "-q", "--threads", 1))
    assert "do not fit the model" in error
