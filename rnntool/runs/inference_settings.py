"""Settings of `eval`, `predict` and other commands that use a run (without torch)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from rnntool.configuration import setting
from rnntool.registry import DEVICES, LABEL_FLAGS
from rnntool.runs.reading_settings import LineSettings, ReadingSettings

_LM = "Language models"
_ANSWERS = "Sequence to sequence"


@dataclass(frozen=True, kw_only=True)
class InferenceSettings(ReadingSettings):
    """How text is read and where the model runs."""

    device: str = setting("auto", "Compute device.", choices=DEVICES, panel="Machine")
    threads: int = setting(0, "CPU threads; 0: all cores.", min=0, panel="Machine")
    workers: int = setting(
        0, "Number of processes that tokenize; 0: one per core.", min=0, panel="Machine"
    )
    jvm_heap: int = setting(
        1024, "KoNLPy: memory of each Java VM, in MiB.", min=64, panel="Machine"
    )


@dataclass(frozen=True, kw_only=True)
class StreamSettings(LineSettings, InferenceSettings):
    """How a stream of text is read and answered, and where the model runs."""


@dataclass(frozen=True, kw_only=True)
class EnsembleSettings:
    """Which classifiers predict together."""

    ensemble: tuple[str, ...] = setting(
        (), "Run of another classifier: average its probabilities with those of RUN; can be"
        " repeated.", panel="Model", tasks=("classify",),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AnswerSettings(InferenceSettings, EnsembleSettings):
    """Settings that decide whether NumPy or torch computes the answers."""


@dataclass(frozen=True, kw_only=True)
class DecodingSettings:
    """How a seq2seq model generates its output."""

    beam: int = setting(
        0, "Beam search with this many hypotheses; 0: greedy.", min=0,
        panel=_ANSWERS, tasks=("seq2seq",),
    )  # fmt: skip
    length: int = setting(
        200, "Maximum length of an output, in tokens.", min=1, panel=_ANSWERS, tasks=("seq2seq",)
    )


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings(AnswerSettings, DecodingSettings):
    """Settings of `eval`."""

    errors: str | None = setting(
        None, "Write the misclassified rows to this file, most confident first.", panel="Output",
        tasks=("classify",),
    )  # fmt: skip
    threshold: float | None = setting(
        None, "Multi-label: a label is given from this probability on (without it: 0.5).",
        min=0.0, max=1.0, panel="Output", tasks=("classify",),
    )  # fmt: skip
    label_column: str | None = setting(
        None, "Column or JSON field of the label, tag or target.", flag=LABEL_FLAGS, panel="Data",
        tasks=("classify", "tag", "seq2seq"),
    )  # fmt: skip
    vectors: str | None = setting(
        None, "Captioning: the vectors of the texts, .npy or CSV.", panel="Data",
        tasks=("caption",),
    )  # fmt: skip
    state: str = setting(
        "auto",
        "State: carried through the whole text, or reset at each line; auto: as in training.",
        choices=("auto", "carried", "reset"),
        panel=_LM,
        tasks=("lm",),
    )
    skip: float = setting(
        0.0,
        "Skip this share at the beginning of the text (such as 0.9, the part used in training).",
        min=0.0,
        max=0.999,
        panel=_LM,
        tasks=("lm",),
    )
    streams: int = setting(
        1,
        "Split the text into this many parallel streams: faster, with a slightly worse score.",
        min=1,
        panel=_LM,
        tasks=("lm",),
    )
    window: int = setting(
        0,
        "Reset the state to zero after this many tokens; 0: never.",
        min=0,
        panel=_LM,
        tasks=("lm",),
    )
    dynamic: bool = setting(
        False,
        "Dynamic evaluation: update the weights on the text while it is read.",
        panel=_LM,
        tasks=("lm",),
    )
    dynamic_lr: float = setting(
        0.05, "Learning rate of --dynamic.", min=0.0, panel=_LM, tasks=("lm",)
    )


def reading_of(settings: InferenceSettings) -> EvaluateSettings:
    """The settings of `eval` that a command with a label column shares with it."""
    shared = {f.name for f in fields(InferenceSettings)} | {"label_column"}
    return EvaluateSettings(**{name: getattr(settings, name) for name in shared})


@dataclass(frozen=True, kw_only=True)
class CompareSettings(InferenceSettings):
    """Settings of `compare`."""

    label_column: str | None = setting(
        None, "Column or JSON field of the label or tag.", flag=LABEL_FLAGS, panel="Data",
        tasks=("classify", "tag"),
    )  # fmt: skip
    rows: str | None = setting(
        None, "Write the rows with different results to this TSV file.", panel="Output"
    )
    resamples: int = setting(10_000, "Number of bootstrap resamples.", min=100, panel="Interval")
    seed: int = setting(1, "Random seed of the bootstrap.", min=0,
                        panel="Interval")  # fmt: skip

    @property
    def reading(self) -> EvaluateSettings:
        """The settings with which `eval` reads the same data."""
        return reading_of(self)


@dataclass(frozen=True, kw_only=True)
class ScoreSettings(StreamSettings):
    """Settings of `score`."""

    tokens: bool = setting(False, "Also print the log-probability of each token.", panel="Output")
    json: bool = setting(False, "Print JSON lines instead of TSV.", panel="Output")


@dataclass(frozen=True, kw_only=True)
class FillSettings(InferenceSettings):
    """Settings of `fill`."""

    text: str | None = setting(None, "Text with ____ at the gap, instead of a file.",
                               panel="Data")  # fmt: skip
    choices: str | None = setting(
        None, "Words for the gap, separated by commas; without it, the likeliest words.",
        panel="Data",
    )  # fmt: skip
    top: int = setting(10, "Without --choices: number of words.", min=1, panel="Output")
    json: bool = setting(False, "Print JSON lines instead of tables.", panel="Output")


@dataclass(frozen=True, kw_only=True)
class EmbedSettings(StreamSettings):
    """Settings of `embed`."""

    layer: str = setting(
        "top", "Layer: top, mean (of all layers), or a number; 0 is the token vector itself.",
        panel="Output",
    )  # fmt: skip
    pool: str = setting(
        "none", "Combine the vectors of a text into one.",
        choices=("none", "mean", "max", "last"), panel="Output",
    )  # fmt: skip
    batch_size: int = setting(256, "Maximum number of texts per batch.", min=1, panel="Machine")


@dataclass(frozen=True, kw_only=True)
class GenerateSettings:
    """Settings of `generate`."""

    prompt: str | None = setting(None, "Text to continue; - is standard input.", panel="Prompt")
    prompt_file: str | None = setting(
        None, "File with the text to continue; - is standard input.", panel="Prompt"
    )
    vectors: str | None = setting(None, "Captioning: file of vectors, .npy or CSV.", panel="Prompt")
    row: int = setting(1, "Row of --vectors to describe, from 1.", min=1, panel="Prompt")
    length: int = setting(500, "Maximum number of tokens.", min=1, panel="Output")
    samples: int = setting(1, "Number of texts to generate.", min=1, panel="Output")
    stop: str | None = setting(
        None, "Stop before this string; \\n is a line feed, \\t a tab.", panel="Output"
    )
    json: bool = setting(False, "Print JSON lines instead of text.", panel="Output")
    temperature: float = setting(
        1.0,
        "Sampling temperature; below 1, likely tokens become more likely; 0: greedy.",
        min=0.0,
        max=100.0,
        panel="Sampling",
    )
    top_k: int = setting(
        0, "Sample from the k most likely tokens; 0: from all.", min=0, panel="Sampling"
    )
    top_p: float = setting(
        1.0, "Nucleus sampling: from the most likely tokens with this total probability.", min=1e-6,
        max=1.0, panel="Sampling",
    )  # fmt: skip
    greedy: bool = setting(False, "Always choose the most likely token.", panel="Sampling")
    beam: int = setting(
        0, "Beam search with this many hypotheses; 0: sample.", min=0, panel="Sampling"
    )
    seed: int = setting(1, "Random seed.", min=0, panel="Sampling")


@dataclass(frozen=True, kw_only=True)
class PredictSettings(StreamSettings, AnswerSettings, DecodingSettings):
    """Settings of `predict`."""

    proba: bool = setting(
        False, "Print the probability of every class, as LABEL=P.", panel="Output",
        tasks=("classify", "tag"),
    )  # fmt: skip
    all: bool = setting(
        False, "Print a table with the probability of each class in a column.",
        panel="Output", tasks=("classify",),
    )  # fmt: skip
    top: int = setting(
        0, "Print this many of the likeliest labels, with their probabilities.", min=0,
        panel="Output", tasks=("classify",),
    )  # fmt: skip
    threshold: float | None = setting(
        None, "Print a label only if its probability is at least this.", min=0.0, max=1.0,
        panel="Output", tasks=("classify",),
    )  # fmt: skip
    otherwise: str | None = setting(
        None, "Label to print instead if the probability is below --threshold.", panel="Output",
        tasks=("classify",),
    )  # fmt: skip
    keep: bool = setting(
        False, "Keep the input's columns or JSON fields, and add the prediction to them.",
        panel="Output", tasks=("classify",),
    )  # fmt: skip
    header: bool = setting(
        True, "Print a header line above a table.", panel="Output",
        tasks=("classify",),
    )  # fmt: skip
    show_text: bool = setting(
        False, "Also print the input text, with tabs and line feeds as spaces.", flag="--text",
        panel="Output", tasks=("classify", "seq2seq"),
    )  # fmt: skip
    json: bool = setting(False, "Print JSON lines instead of TSV.", panel="Output")
    line_buffered: bool = setting(
        False, "Predict line by line, without waiting to fill a batch.", panel="Output"
    )
    batch_size: int = setting(4096, "Maximum number of lines per batch.", min=1, panel="Machine")

    @property
    def together(self) -> int:
        """Maximum number of lines per batch."""
        return 1 if self.line_buffered else self.batch_size


@dataclass(frozen=True, kw_only=True)
class ExportSettings(InferenceSettings):
    """Settings of `export`."""

    int8: bool = setting(
        False, "Quantize the weights to 8 bits, a quarter of the size.", panel="Output"
    )
    check: str | None = setting(
        None, "Labelled data: score the run and the exported model on it.",
        panel="Data",
    )  # fmt: skip
    label_column: str | None = setting(
        None, "Column or JSON field of the label.", flag=LABEL_FLAGS, panel="Data"
    )
