"""The run directory: a complete trained model with its settings and results.

config.yaml          task, every setting resolved, versions, sha256 of the inputs, results
vocab.tsv            the vocabulary
labels.txt           the labels, one per line, in the order of the model's outputs
characters.tsv       a tagger's vocabulary of characters
spelling.tsv         the vocabulary of characters that tokens are read as (--input characters)
target.tsv           the target vocabulary of a seq2seq model
subword.json         the subword model, if the tokenizer has one
weights.safetensors  the best epoch's weights
metrics.jsonl        one epoch per line
features.yaml        the sizes of the biLM inside the weights (--features)
card.yaml            the origin of a model that is used by its name (`rnntool models`)
epochs/              with --keep-epochs: each epoch's weights; 000 is before the first
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rnntool.errors import UserError
from rnntool.formats.run_names import CONFIG as CONFIG
from rnntool.formats.run_names import hidden_model, locate, named_models
from rnntool.formats.vocab import write_vocabulary
from rnntool.formats.vocab_lookup import open_vocabulary
from rnntool.registry import TASKS
from rnntool.reporting import Reporter
from rnntool.text.vocabulary import Vocabulary
from rnntool.yaml_text import YamlError, parse_yaml

FORMAT = 1
COMPRESSED_FORMAT = 2  # the format of a run with int8 weights (rnntool compress)
VOCAB, LABELS, SUBWORD = "vocab.tsv", "labels.txt", "subword.json"
CHARACTERS, TARGET_VOCAB = "characters.tsv", "target.tsv"
SPELLING = "spelling.tsv"
WEIGHTS = "weights.safetensors"
METRICS, EPOCHS, CHECKPOINT = "metrics.jsonl", "epochs", "checkpoint"
FEATURES, CARD = "features.yaml", "card.yaml"
# The files of a finished run: all that a new run may replace. `compress` copies those that it does
# not write itself.
FILES = (
    CONFIG, VOCAB, LABELS, SUBWORD, CHARACTERS, TARGET_VOCAB, SPELLING, FEATURES, WEIGHTS, METRICS,
    CARD,
)  # fmt: skip
PARTIAL = ".partial"  # after a run's name: the folder in which its training works
_WITHOUT_WORDS = ("forecast",)
NO_WORDS = "none"  # the tokenizer in runs that read numbers, not text
_NO_VOCABULARY = Vocabulary((), (), NO_WORDS)


@dataclass(frozen=True)
class RunConfig:
    """The contents of `config.yaml`."""

    task: str
    settings: dict[str, Any]
    tokenizer: str
    inputs: dict[str, Any]
    versions: dict[str, str]
    results: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT
    compressed: dict[str, Any] = field(default_factory=dict)  # its source; empty: not compressed


@dataclass(frozen=True)
class Run:
    """An opened run directory, without its weights."""

    path: Path
    config: RunConfig
    vocabulary: Vocabulary
    labels: list[str]

    @property
    def weights(self) -> Path:
        """Path of the weights."""
        return self.path / WEIGHTS

    def epochs(self) -> list[Path]:
        """Paths of the weights after each epoch, the untrained ones first.

        Raises:
            UserError: the training did not keep them.
        """
        found = sorted((self.path / EPOCHS).glob("*.safetensors"))
        if not found:
            raise UserError("has only the weights of the best epoch", where=self.path,
                            hint="train with --keep-epochs")  # fmt: skip
        return found

    def note(self, report: Reporter) -> None:
        """Report what a user would not expect: an unfinished training, or a hidden model name.

        A folder in the working directory hides a model with the same name that comes with the
        package.
        """
        if (self.path / CHECKPOINT).is_dir():
            epochs = len(read_metrics(self.path))
            report.note(f"{self.path}: an interrupted training; the best epoch of {epochs} is used")
        hidden = hidden_model(self.path)
        if hidden is not None:
            report.note(f"{self.path}: the folder here is used, not the model of that name in"
                        f" {hidden.parent}")  # fmt: skip

    def subword_model(self) -> bytes | None:
        """The subword model's bytes, or None."""
        path = self.path / SUBWORD
        return path.read_bytes() if path.is_file() else None


def read_run(path: str) -> Run:
    """A run directory's parts; `runs.open.open_run` also compares them with the weights.

    Args:
        path: its path, or the name of a model (formats/run_names.py).

    Raises:
        UserError: it is missing, not a run, incomplete, damaged, or of a newer format.
    """
    folder = locate(path)
    config = _read_config(folder)
    wordless = config.task in _WITHOUT_WORDS
    for name in (LABELS, WEIGHTS) if wordless else (VOCAB, LABELS, WEIGHTS):
        if not (folder / name).is_file():
            raise _incomplete(folder, name)
    vocabulary = _NO_VOCABULARY if wordless else open_vocabulary(str(folder / VOCAB))
    return Run(folder, config, vocabulary, _read_labels(folder / LABELS))


def _incomplete(folder: Path, name: str) -> UserError:
    if (folder / CHECKPOINT).is_dir():
        return UserError("is an interrupted training without a finished epoch", where=folder,
                         hint="continue it with the same command and --resume")  # fmt: skip
    return UserError(f"is incomplete: {name} is missing", where=folder,
                     hint="train it again with --force")  # fmt: skip


def _read_labels(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"damaged: {error}", where=path) from None


def require_task(run: Run, task: str) -> Run:
    """The run, if it was trained for the task.

    Raises:
        UserError: it was trained for another task; the message names the commands that fit.
    """
    if run.config.task != task:
        raise UserError(
            f"was trained for {run.config.task!r}, not for {task!r}",
            where=run.path,
            hint=f"commands that fit it: {', '.join(commands_for(run.config.task))}",
        )
    return run


def require_whole(run: Run, flag: str) -> Run:
    """The run, if its weights are not compressed.

    Raises:
        UserError: it is compressed; a training would start from rounded weights.
    """
    if run.config.compressed:
        raise UserError(f"is compressed: {flag} needs the weights before they were rounded to"
                        " 8 bits", where=run.path,
                        hint="give the run that it was made from")  # fmt: skip
    return run


def require_command(run: Run, command: str) -> Run:
    """The run, if the command takes runs of its task.

    Raises:
        UserError: it does not; the message names the commands that take it.
    """
    fitting = commands_for(run.config.task)
    if command not in fitting:
        raise UserError(
            f"was trained for {run.config.task!r}, which {command} does not take",
            where=run.path,
            hint=f"commands that fit it: {', '.join(fitting)}",
        )
    return run


def commands_for(task: str) -> tuple[str, ...]:
    """The commands that take runs of a task; for an unknown task only `describe`."""
    return TASKS[task].commands if task in TASKS else ("describe",)


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """A run's epochs.

    Raises:
        UserError: the file is missing or damaged.
    """
    path = folder / METRICS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        epochs = [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise UserError(f"cannot be read: {error}", where=path) from None
    if not epochs:
        raise UserError("contains no epoch", where=path)
    return epochs


def write_config(folder: Path, config: RunConfig) -> None:
    """Write `config.yaml`."""
    import yaml

    values = {name: value for name, value in asdict(config).items()
              if name != "compressed" or value}  # fmt: skip
    # One line a value: a value on two lines would need a parser (yaml_plain.py).
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=10_000)
    (folder / CONFIG).write_text(text, encoding="utf-8")


def write_labels(folder: Path, labels: list[str]) -> None:
    """Write `labels.txt`."""
    (folder / LABELS).write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")


def write_parts(
    folder: Path, vocabulary: Vocabulary, labels: list[str], subword_model: bytes | None = None
) -> None:
    """Write the files that prediction needs besides the weights."""
    write_vocabulary(str(folder / VOCAB), vocabulary)
    write_labels(folder, labels)
    if subword_model is not None:
        (folder / SUBWORD).write_bytes(subword_model)


def read_config(folder: Path) -> RunConfig:
    """`config.yaml` of a finished or unfinished run."""
    return _read_config(folder)


def _read_config(folder: Path) -> RunConfig:
    if not folder.is_dir():
        missing = "is a file, not a run directory" if folder.exists() else "no such run directory"
        partial = folder.with_name(folder.name + PARTIAL)
        hint = f"models that are there by name: {', '.join(named_models()) or 'none'}"
        if partial.is_dir():
            hint = "its training was interrupted: go on with --resume"
        raise UserError(missing, where=folder, hint=hint)
    path = folder / CONFIG
    try:
        loaded = parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(
            f"is not a run directory: it has no {CONFIG}",
            where=folder,
            hint="rnntool train makes one",
        ) from None
    except (OSError, UnicodeDecodeError, YamlError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"damaged: {reason}", where=path) from None
    return _check_config(loaded, path)


def _check_config(loaded: Any, path: Path) -> RunConfig:
    if not isinstance(loaded, dict) or not isinstance(loaded.get("format"), int):
        raise UserError("is not a run's configuration", where=path, hint="rnntool train makes one")
    if loaded["format"] > COMPRESSED_FORMAT:
        raise UserError(
            f"format {loaded['format']} of a newer rnntool; this one knows up to"
            f" {COMPRESSED_FORMAT}",
            where=path,
            hint="upgrade: pip install --upgrade rnntool",
        )
    kinds = {"task": str, "settings": dict, "tokenizer": str, "inputs": dict, "versions": dict}
    for key, kind in kinds.items():
        if not isinstance(loaded.get(key), kind):
            raise UserError(f"damaged: {key} is missing or not a {kind.__name__}", where=path)
    for key in ("results", "compressed"):
        if not isinstance(loaded.get(key, {}), dict):
            raise UserError(f"damaged: {key} is not a dict", where=path)
    known = {name: loaded[name] for name in RunConfig.__dataclass_fields__ if name in loaded}
    return RunConfig(**known)
