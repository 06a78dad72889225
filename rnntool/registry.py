"""The names of commands, tasks and choices; no imports, so that `--help` is fast.

A comment says where each name is implemented; a test checks that the two agree.
"""

from __future__ import annotations

from typing import NamedTuple

# Subcommands, in the order of a workflow: name -> one line of help.
# `rnntool.commands.<name with _ for ->` holds the command.
COMMANDS: dict[str, str] = {
    "data": "Download NSMC from its public repository, or write the bundled sample.",
    "check": "Check files before training: labels, duplicates, lengths, unknown rate.",
    "tokenize": "Split text into tokens.",
    "build-vocab": "Count tokens into a vocabulary, or train a subword model on them.",
    "train-embeddings": "Train word vectors: CBOW or skip-gram.",
    "query-embeddings": "Query word vectors: neighbors, analogy, similarity.",
    "train": "Train a recurrent network.",
    "search": "Try settings of a task within a time budget, and keep the best run.",
    "eval": "Score a trained run on data that it has not seen.",
    "compare": "Compare two runs on the same rows: difference, interval, exact test.",
    "predict": "Predict for each line a label, tags or a text; or the next values of a series.",
    "generate": "Generate text with a language or captioning model, token by token.",
    "embed": "Compute a vector for each token in its context, or one for each text.",
    "score": "Compute the log-probability of each line of text with a language model.",
    "fill": "Fill a gap in a text: rank given choices, or list the likeliest words.",
    "compress": "Write a run at a quarter of its size: weights in 8 bits, fewer rare words.",
    "models": "List the models that have a name: the bundled ones, and your own.",
    "export": "Write a classifier as ONNX, for programs without torch or Python.",
    "describe": "Show a run: task, tokenizer, sizes, score, settings, layers.",
    "inspect-grad": "Show how gradients flow back through time, and why they vanish or explode.",
    "explain": "Show why a text gets its label: the share of each token, and the running answer.",
    "trace": "Show a network token by token: its answer so far, its gates, its units.",
    "units": "Find the hidden units that follow a label, a tag, or a property of the text.",
    "probe": "Test what each layer knows: a linear classifier on its frozen states.",
    "plot": "Draw learning curves, a confusion matrix, or a map of word vectors.",
    "report": "Write a page about runs: curves, scores, errors, gradients.",
    "doctor": "Check what is installed and works, and say how to fix what does not.",
}


class TaskEntry(NamedTuple):
    """What the commands need to know about a task before its code is imported."""

    settings: str  # the class in tasks/<task>/settings.py
    commands: tuple[str, ...]  # commands that accept its runs


# Each is a package: tasks/<task>/.
TASKS = {
    "classify": TaskEntry(
        "ClassifySettings",
        (
            "eval",
            "compare",
            "predict",
            "export",
            "explain",
            "inspect-grad",
            "trace",
            "units",
            "probe",
            "describe",
            "compress",
        ),
    ),
    "lm": TaskEntry(
        "LMSettings",
        (
            "eval",
            "compare",
            "generate",
            "score",
            "fill",
            "inspect-grad",
            "trace",
            "units",
            "probe",
            "describe",
            "compress",
        ),
    ),
    "bilm": TaskEntry(
        "BiLMSettings",
        (
            "eval",
            "score",
            "fill",
            "embed",
            "units",
            "probe",
            "train classify --init",
            "describe",
            "compress",
        ),
    ),
    "tag": TaskEntry(
        "TagSettings",
        ("eval", "compare", "predict", "explain", "units", "probe", "describe", "compress"),
    ),
    "seq2seq": TaskEntry("Seq2SeqSettings", ("eval", "predict", "describe", "compress")),
    "caption": TaskEntry("CaptionSettings", ("eval", "generate", "describe", "compress")),
    "forecast": TaskEntry("ForecastSettings", ("eval", "predict", "describe", "compress")),
}

# text/tokenizers.py
KONLPY_TOKENIZERS = ("okt", "komoran", "hannanum", "kkma")
TOKENIZERS = (
    *KONLPY_TOKENIZERS, "mecab", "kiwi", "char", "jamo", "whitespace", "regex", "subword",
)  # fmt: skip

# models/written.py, models/recurrent.py
CELLS = ("rnn", "rnn-relu", "lstm", "gru", "gru-reset-before")
# models/encoders.py
ENCODERS = ("recurrent", "directional", "cnn", "cnn-rnn")
# models/caption.py
CONDITIONS = ("state", "input")
# models/attention.py
ATTENTIONS = ("none", "dot", "general")
# models/characters.py
CHARACTER_ENCODERS = ("none", "cnn", "recurrent")
# data/spelling.py
CHARACTER_UNITS = ("char", "jamo")
POOLINGS = ("last", "max", "mean", "all")
INPUTS = ("embedding", "one-hot")
# and models/character_input.py
TEXT_INPUTS = (*INPUTS, "characters")

# cells/ (NumPy), for `inspect-grad` and `trace`; inspection/probe.py
NUMPY_CELLS = ("rnn", "rnn-relu", "rnn-sigmoid", "lstm", "gru", "gru-reset-before")
INITS = ("uniform", "orthogonal")

# inspection/attribution.py
EXPLANATIONS = ("ig", "gradient", "leave-one-out")

# models/language_model.py
SOFTMAXES = ("full", "adaptive")

# text/units.py
UNITS = ("char", "jamo", "word", "regex", "subword", *KONLPY_TOKENIZERS, "mecab", "kiwi")

# training/optim.py
OPTIMIZERS = ("adam", "adamw", "sgd")
SCHEDULES = ("one-cycle", "plateau", "none")

# training/backend.py
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16")

# text/normalize.py
NORMAL_FORMS = ("none", "nfc", "nfkc")

# formats/corpus.py
FORMATS = ("auto", "lines", "tsv", "csv", "fasttext", "jsonl", "parquet", "folder")
# A table has columns and JSON lines have fields: two spellings of one flag.
TEXT_FLAGS = "--text-field --text-column"
LABEL_FLAGS = "--label-field --label-column"

# Between the labels of a text, where a file's form has nothing of its own.
SEPARATOR = ","
# tasks/classify/objective.py
MONITORS = ("auto", "accuracy", "macro_f1", "micro_f1", "loss")

# formats/reading.py: how a line in another encoding is handled
DECODING = ("strict", "replace", "skip")

LOG_FORMATS = ("auto", "rich", "plain", "json", "none")
