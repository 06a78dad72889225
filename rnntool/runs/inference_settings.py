"""Settings of `eval`, `predict` and what else asks a run (torch-free)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from rnntool.configuration import setting
from rnntool.registry import DECODING, DEVICES, FORMATS, LABEL_FLAGS, TEXT_FLAGS

_LM = "Language models"
_ANSWERS = "Sequence to sequence"


@dataclass(frozen=True, kw_only=True)
class InferenceSettings:
    """How text is read and where the model runs."""

    format: str = setting("auto", "Form of the input.", choices=FORMATS, panel="Data")
    text_column: str | None = setting(
        None, "Column or JSON field of the text.", flag=TEXT_FLAGS, panel="Data"
    )
    encoding: str = setting("utf-8", "Encoding of the input.", panel="Data")
    device: str = setting("auto", "Compute device.", choices=DEVICES, panel="Machine")
    threads: int = setting(0, "CPU threads; 0: all cores.", min=0, panel="Machine")
    workers: int = setting(0, "Processes that tokenize; 0: one a core.", min=0, panel="Machine")
    jvm_heap: int = setting(1024, "KoNLPy: memory of each Java VM in MiB.", min=64, panel="Machine")


@dataclass(frozen=True, kw_only=True)
class StreamSettings(InferenceSettings):
    """How a stream of text is read, whose answers come line by line."""

    errors: str = setting(
        "strict",
        "A line that is not in the encoding: stop, replace its wrong bytes, or read it as empty.",
        choices=DECODING,
        panel="Data",
    )


@dataclass(frozen=True, kw_only=True)
class EnsembleSettings:
    """Which classifiers answer together."""

    ensemble: tuple[str, ...] = setting(
        (), "A further classifier's run, whose probabilities are averaged with RUN's; may be given"
        " again.", panel="Model", tasks=("classify",),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AnswerSettings(InferenceSettings, EnsembleSettings):
    """What decides who answers, and with what."""


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """How a seq2seq model's answers are written."""

    beam: int = setting(
        0, "Beam search with this many hypotheses; 0: greedy.", min=0,
        panel=_ANSWERS, tasks=("seq2seq",),
    )  # fmt: skip
    length: int = setting(
        200, "Maximum number of tokens of an answer.", min=1, panel=_ANSWERS, tasks=("seq2seq",)
    )


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings(AnswerSettings, SearchSettings):
    """Settings of `eval`."""

    errors: str | None = setting(
        None, "Write the misclassified rows, most confident first.", panel="Output",
        tasks=("classify",),
    )  # fmt: skip
    label_column: str | None = setting(
        None, "Column or JSON field of the label, tag or target.", flag=LABEL_FLAGS, panel="Data",
        tasks=("classify", "tag", "seq2seq"),
    )  # fmt: skip
    vectors: str | None = setting(
        None, "Vectors of the rows, for a captioning model: .npy or CSV.", panel="Data",
        tasks=("caption",),
    )  # fmt: skip
    state: str = setting(
        "auto",
        "Recurrent state: carried through the text, or reset for each line (auto: as trained).",
        choices=("auto", "carried", "reset"),
        panel=_LM,
        tasks=("lm",),
    )
    skip: float = setting(
        0.0,
        "Leave out this share of the text's beginning (what training used: 0.9).",
        min=0.0,
        max=0.999,
        panel=_LM,
        tasks=("lm",),
    )
    streams: int = setting(
        1,
        "Read the text as this many parallel streams: faster, slightly worse.",
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
        "Dynamic evaluation: the weights learn from the text as it is read.",
        panel=_LM,
        tasks=("lm",),
    )
    dynamic_lr: float = setting(
        0.05, "Learning rate of --dynamic.", min=0.0, panel=_LM, tasks=("lm",)
    )


@dataclass(frozen=True, kw_only=True)
class CompareSettings(InferenceSettings):
    """Settings of `compare`."""

    label_column: str | None = setting(
        None, "Column or JSON field of the label or tag.", flag=LABEL_FLAGS, panel="Data",
        tasks=("classify", "tag"),
    )  # fmt: skip
    rows: str | None = setting(
        None, "Write the rows on which the runs differ, as TSV.", panel="Output"
    )
    resamples: int = setting(10_000, "Resamples of the bootstrap.", min=100, panel="Interval")
    seed: int = setting(1, "Seed of the bootstrap: same seed, same interval.", min=0,
                        panel="Interval")  # fmt: skip

    @property
    def reading(self) -> EvaluateSettings:
        """How `eval` reads the same data."""
        shared = {f.name for f in fields(InferenceSettings)} | {"label_column"}
        return EvaluateSettings(**{name: getattr(self, name) for name in shared})


@dataclass(frozen=True, kw_only=True)
class ScoreSettings(StreamSettings):
    """Settings of `score`."""

    tokens: bool = setting(False, "The log-probability of each token as well.", panel="Output")
    json: bool = setting(False, "JSON lines instead of TSV.", panel="Output")


@dataclass(frozen=True, kw_only=True)
class FillSettings(InferenceSettings):
    """Settings of `fill`."""

    text: str | None = setting(None, "The text, with ____ where the gap is, instead of a file.",
                               panel="Data")  # fmt: skip
    choices: str | None = setting(
        None, "What may stand in the gap, between commas; without: the likeliest words.",
        panel="Data",
    )  # fmt: skip
    top: int = setting(10, "Without --choices: so many words.", min=1, panel="Output")
    json: bool = setting(False, "JSON lines instead of tables.", panel="Output")


@dataclass(frozen=True, kw_only=True)
class EmbedSettings(StreamSettings):
    """Settings of `embed`."""

    layer: str = setting(
        "top", "Which states: top, mean of all layers, or a number; 0 is the token's own vector.",
        panel="Output",
    )  # fmt: skip
    pool: str = setting(
        "none", "One vector a text instead of one a token.",
        choices=("none", "mean", "max", "last"), panel="Output",
    )  # fmt: skip
    batch_size: int = setting(256, "Maximum number of texts read together.", min=1, panel="Machine")


@dataclass(frozen=True, kw_only=True)
class GenerateSettings:
    """Settings of `generate`."""

    prompt: str | None = setting(None, "Prompt to continue; - is standard input.", panel="Prompt")
    prompt_file: str | None = setting(
        None, "File that holds the prompt; - is standard input.", panel="Prompt"
    )
    vectors: str | None = setting(
        None, "Vectors for a captioning model: .npy or CSV.", panel="Prompt"
    )
    row: int = setting(1, "Row of --vectors to generate from.", min=1, panel="Prompt")
    length: int = setting(500, "Maximum number of tokens.", min=1, panel="Output")
    samples: int = setting(1, "Number of texts.", min=1, panel="Output")
    stop: str | None = setting(
        None, "End a text before this string; \\n is a line feed, \\t a tab.", panel="Output"
    )
    json: bool = setting(False, "JSON lines instead of text.", panel="Output")
    temperature: float = setting(
        1.0,
        "Below 1 likely tokens become likelier; 0: greedy.",
        min=0.0,
        max=100.0,
        panel="Sampling",
    )
    top_k: int = setting(
        0, "Sample from the k most likely tokens; 0: all.", min=0, panel="Sampling"
    )
    top_p: float = setting(
        1.0, "Sample from the most likely tokens that together have this probability.", min=1e-6,
        max=1.0, panel="Sampling",
    )  # fmt: skip
    greedy: bool = setting(False, "Greedy: always the most likely token.", panel="Sampling")
    beam: int = setting(
        0, "Beam search with this many hypotheses; 0: sample.", min=0, panel="Sampling"
    )
    seed: int = setting(1, "Same seed, same text.", min=0, panel="Sampling")


@dataclass(frozen=True, kw_only=True)
class PredictSettings(StreamSettings, AnswerSettings, SearchSettings):
    """Settings of `predict`."""

    proba: bool = setting(
        False, "Print the probability of every class, as LABEL=P.", panel="Output",
        tasks=("classify", "tag"),
    )  # fmt: skip
    all: bool = setting(
        False, "Print the probability of every class, a column each, under a header.",
        panel="Output", tasks=("classify",),
    )  # fmt: skip
    top: int = setting(
        0, "Print this many labels, the likeliest first, each with its probability.", min=0,
        panel="Output", tasks=("classify",),
    )  # fmt: skip
    threshold: float | None = setting(
        None, "Give a label only if it is at least so probable.", min=0.0, max=1.0,
        panel="Output", tasks=("classify",),
    )  # fmt: skip
    otherwise: str | None = setting(
        None, "Label of a text whose own is less probable than --threshold.", panel="Output",
        tasks=("classify",),
    )  # fmt: skip
    keep: bool = setting(
        False, "Print the input's own columns first: a table as one, JSON lines as objects.",
        panel="Output", tasks=("classify",),
    )  # fmt: skip
    header: bool = setting(
        True, "A header line, where the answers are a table.", panel="Output",
        tasks=("classify",),
    )  # fmt: skip
    show_text: bool = setting(
        False, "Print the text after its answer, tabs and line feeds as spaces.", flag="--text",
        panel="Output", tasks=("classify", "seq2seq"),
    )  # fmt: skip
    json: bool = setting(False, "JSON lines instead of TSV.", panel="Output")
    line_buffered: bool = setting(
        False, "Answer each line as it arrives, even when several arrive together.", panel="Output"
    )
    batch_size: int = setting(
        4096, "Maximum number of lines answered together.", min=1, panel="Machine"
    )

    @property
    def together(self) -> int:
        """Maximum number of lines answered together."""
        return 1 if self.line_buffered else self.batch_size


@dataclass(frozen=True, kw_only=True)
class ExportSettings(InferenceSettings):
    """Settings of `export`."""

    int8: bool = setting(
        False, "Quantize the weights to 8 bits: a quarter of the size.", panel="Output"
    )
    check: str | None = setting(
        None, "Labelled data to score the run and the exported model on, side by side.",
        panel="Data",
    )  # fmt: skip
    label_column: str | None = setting(
        None, "Column or JSON field of the label.", flag=LABEL_FLAGS, panel="Data"
    )
