"""Settings of `train classify` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting
from rnntool.errors import UserError, one_of
from rnntool.models.settings import ClassifierSettings
from rnntool.registry import (
    FORMATS,
    LABEL_FLAGS,
    MONITORS,
    NORMAL_FORMS,
    SEPARATOR,
    TEXT_FLAGS,
    TOKENIZERS,
)
from rnntool.tasks import Input
from rnntool.training.settings import TrainingSettings

HELP = """Train a classifier of texts (many to one), for two or more classes.

Example: rnntool train classify train.tok --vectors cbow.vec --cell gru -o runs/gru
"""
INPUTS = (Input("data", "Labelled tokens or text (TSV or CSV); - is stdin."),)


_DATA = "Data"
_MODEL = "Model"
_TEACHERS = "Teachers"


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Which data is read, and how it is tokenized."""

    vocab: str | None = setting(
        None, "Vocabulary file; without it, one is built from the training tokens.", panel=_DATA
    )
    min_count: int = setting(
        1, "Without --vocab: leave out tokens that occur less often.", min=1, panel=_DATA
    )
    max_size: int | None = setting(
        None, "Without --vocab: maximum size of the vocabulary.", min=5, panel=_DATA
    )
    tokenizer: str | None = setting(
        None, "Tokenizer for raw text, as in tokenize; without it, text is split at white space.",
        flag="-t --tokenizer", panel=_DATA,
    )  # fmt: skip
    lowercase: bool = setting(False, "Convert raw text to lower case first.", panel=_DATA)
    normalize: str = setting(
        "none", "Normalise the Unicode of raw text first.", choices=NORMAL_FORMS, panel=_DATA
    )
    subword_model: str | None = setting(
        None, "Subword model, for --tokenizer subword or if the tokens' model was moved.",
        panel=_DATA,
    )  # fmt: skip
    workers: int = setting(
        0, "Number of processes that tokenize; 0: one per core.", min=0, panel=_DATA
    )
    validation: str = setting(
        "0.05",
        "Validation data: a random share of the training rows, or a file; 0: none.",
        panel=_DATA,
    )
    stratify: str = setting(
        "auto", "Take the same share of each class as validation data; auto: if sizes differ much.",
        choices=("auto", "yes", "no"), panel=_DATA,
    )  # fmt: skip
    folds: int = setting(
        0, "Cross-validation: split the data into this many parts, and train one run without each"
        " part, to score on it; 0: no.", min=0, panel=_DATA,
    )  # fmt: skip
    fold: int = setting(
        0, "With --folds: train only the run without this part; 0: all runs.", min=0, panel=_DATA
    )
    multi_label: bool = setting(
        False, "Texts have several labels or none; use one sigmoid per label.", panel=_DATA
    )
    label_separator: str = setting(
        SEPARATOR, "--multi-label: separator of the labels in a table.", panel=_DATA
    )
    max_length: int = setting(
        0, "Cut longer texts to this many tokens; 0: keep all.", min=0, panel=_DATA
    )
    format: str = setting("auto", "Format of the data files.", choices=FORMATS, panel=_DATA)
    text_column: str | None = setting(
        None, "Column or JSON field of the text.", flag=TEXT_FLAGS, panel=_DATA
    )
    label_column: str | None = setting(
        None, "Column or JSON field of the label.", flag=LABEL_FLAGS, panel=_DATA
    )
    encoding: str = setting("utf-8", "Encoding of the data files.", panel=_DATA)


@dataclass(frozen=True, kw_only=True)
class ClassifySettings(TrainingSettings, ClassifierSettings, DataSettings):
    """All settings of `train classify`."""

    init_from: str | None = setting(None, "Run directory: start from its weights.", panel=_MODEL)
    init: str | None = setting(
        None,
        "Run directory of train bilm: fine-tune its vectors and encoder, with its vocabulary.",
        panel=_MODEL,
    )
    output_unit: str = setting(
        "softmax",
        "Output: a softmax over the classes, or one sigmoid unit for two classes.",
        choices=("softmax", "sigmoid"),
        panel=_MODEL,
    )
    class_weight: str = setting(
        "none", "Weight of the rows in the loss; balanced: all classes get the same total weight.",
        choices=("none", "balanced"), panel="Optimisation",
    )  # fmt: skip
    monitor: str = setting(
        "auto", "Validation figure that decides which epoch is best; auto: accuracy, or micro_f1"
        " with --multi-label.", choices=MONITORS, panel="Optimisation",
    )  # fmt: skip
    label_smoothing: float = setting(
        0.05,
        "Label smoothing: share of the target that is spread over all classes.",
        min=0.0,
        max=0.9,
        panel="Optimisation",
    )
    distil: tuple[str, ...] = setting(
        (),
        "Distillation: run of train classify; learn its probabilities besides the labels. Can be"
        " repeated, to learn the mean of several runs.",
        panel=_TEACHERS,
    )
    distil_weight: float = setting(
        0.5, "Weight of the teachers' probabilities; the labels get the rest.", min=0.0, max=1.0,
        panel=_TEACHERS,
    )  # fmt: skip
    unlabelled: str | None = setting(
        None, "Tokens without labels, for the teachers' probabilities only.", panel=_TEACHERS
    )

    @property
    def monitored(self) -> str:
        """The validation figure that decides."""
        if self.monitor != "auto":
            return self.monitor
        return "micro_f1" if self.multi_label else "accuracy"

    @property
    def separator(self) -> str | None:
        """The separator of several labels, or None if a text has one label."""
        return self.label_separator if self.multi_label else None

    def check(self) -> None:
        """Raise a UserError where two settings exclude each other."""
        super().check()
        if self.tokenizer is not None and self.tokenizer not in TOKENIZERS:
            raise UserError(f"unknown tokenizer {self.tokenizer!r}",
                            hint=one_of(self.tokenizer, TOKENIZERS))  # fmt: skip
        if self.tokenizer == "subword" and self.subword_model is None:
            raise UserError("--tokenizer subword needs --subword-model")
        if self.tokenizer == "subword" and (self.lowercase or self.normalize != "none"):
            raise UserError("--lowercase and --normalize are options of the tokenizer below the"
                            " subword model", hint="leave them out here")  # fmt: skip
        if self.folds == 1 or self.fold > self.folds:
            raise UserError(f"--folds is {self.folds} and --fold is {self.fold}",
                            hint="give --folds 2 or more, and a --fold up to that")  # fmt: skip
        self._check_labels()
        if self.unlabelled is not None and not self.distil:
            raise UserError("--unlabelled needs a teacher: give --distil RUN")

    def _check_labels(self) -> None:
        if self.monitor == "micro_f1" and not self.multi_label:
            raise UserError("--monitor micro_f1 needs --multi-label; with one label per text it"
                            " equals the accuracy", hint="give --monitor accuracy")  # fmt: skip
        if self.monitor != "auto" and self.validation in ("0", "0.0"):
            raise UserError("--monitor needs validation data, but --validation is 0")
        if not self.multi_label:
            return
        for flag, given in (("--output-unit sigmoid", self.output_unit == "sigmoid"),
                            ("--distil", bool(self.distil))):  # fmt: skip
            if given:
                raise UserError(f"--multi-label and {flag} exclude each other")
        if not self.label_separator:
            raise UserError("--label-separator is empty", hint="give a character, such as '|'")
