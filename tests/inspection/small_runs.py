"""Small runs of every kind that can be looked into, and of two that cannot."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from rnntool.commands import app

_COMMON = ["--epochs", "1", "--hidden", "6", "--threads", "1", "-q"]


def train_small_runs(folder: Path) -> Path:
    """The folder with runs `both`, `last`, `rnn`, `lm`, `words`, `cnn` and `tagger` inside."""
    (folder / "train.tsv").write_text(
        "document\tlabel\n" + "좋다 정말 영화\tgood\n나쁘다 정말 영화\tbad\n" * 20, encoding="utf-8"
    )
    (folder / "text.txt").write_text("hello world\n" * 60, encoding="utf-8")
    (folder / "tags.conllu").write_text(
        "1\t나는\t_\tPRON\t_\t_\t_\t_\t_\t_\n2\t간다\t_\tVERB\t_\t_\t_\t_\t_\t_\n\n" * 20,
        encoding="utf-8",
    )
    classify = ("classify", "train.tsv")
    for name, (task, data), flags in (
        ("both", classify, ["--cell", "lstm", "--bidirectional", "--embedding-dim", "5"]),
        ("last", classify, ["--cell", "gru", "--pooling", "last", "--layers", "2"]),
        ("rnn", classify, ["--cell", "rnn", "--pooling", "max", "--input", "one-hot"]),
        ("cnn", classify, ["--encoder", "cnn"]),
        ("lm", ("lm", "text.txt"), ["--batch-size", "2", "--bptt", "20"]),
        ("words", ("lm", "text.txt"), ["--unit", "word", "--lines", "--softmax", "adaptive",
                                       "--batch-size", "2"]),
        ("tagger", ("tag", "tags.conllu"), []),
    ):  # fmt: skip
        arguments = ["train", task, str(folder / data), "-o", str(folder / name), *flags, *_COMMON]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, (name, result.stderr)
    return folder
