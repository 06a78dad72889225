"""Names that commands offer: a module that imports nothing of ours, so that `--help` is instant.

Each name's implementation lives where the comment says; a test checks that both lists agree.
"""

from __future__ import annotations

from typing import NamedTuple

# Subcommands, in the order of a workflow: name -> one line of help.
# `rnntool.commands.<name with _ for ->` holds the command.
COMMANDS: dict[str, str] = {
    "data": "Download NSMC from its public repository, or write the bundled sample.",
    "check": "Check files before training: labels, duplicates, lengths, unknown rate.",
    "tokenize": "Split text into tokens, as a stream.",
    "build-vocab": "Count tokens into a vocabulary, or train a subword model on them.",
    "train-embeddings": "Train word vectors: CBOW or skip-gram.",
    "query-embeddings": "Query word vectors: neighbors, analogy, similarity.",
    "train": "Train a recurrent network.",
    "search": "Search a task's settings: trials within a budget, the best run kept.",
    "eval": "Score a trained run on data that it has not seen.",
    "compare": "Compare two runs on the same rows: difference, interval, exact test.",
    "predict": "Answer for each line: label, tags, text; or the next values of a series.",
    "generate": "Generate text with a language or captioning model, token by token.",
    "embed": "Give each token a vector that depends on its context, or each text one.",
    "score": "Compute the log-probability of each line of text by a language model.",
    "fill": "Fill a gap in a text: order choices, or name the likeliest words.",
    "export": "Write a classifier as ONNX, for programs without torch or Python.",
    "describe": "Show a run: task, tokenizer, sizes, score, settings, layers.",
    "inspect-grad": "Show how gradients flow back through time: vanishing, exploding, why.",
    "trace": "Show a network token by token: what it would say, its gates, its units.",
    "plot": "Draw learning curves, a confusion matrix, or a map of word vectors.",
    "doctor": "Check what is installed and usable, and how to fix what is not.",
}


class TaskEntry(NamedTuple):
    """What the commands must know of a task before any of its code is imported."""

    settings: str  # the class in tasks/<task>/settings.py
    commands: tuple[str, ...]  # that take its runs


# Each is a package: tasks/<task>/.
TASKS = {
    "classify": TaskEntry(
        "ClassifySettings",
        ("eval", "compare", "predict", "export", "inspect-grad", "trace", "describe"),
    ),
    "lm": TaskEntry(
        "LMSettings",
        ("eval", "compare", "generate", "score", "fill", "inspect-grad", "trace", "describe"),
    ),
    "bilm": TaskEntry(
        "BiLMSettings", ("eval", "score", "fill", "embed", "train classify --init", "describe")
    ),
    "tag": TaskEntry("TagSettings", ("eval", "compare", "predict", "describe")),
    "seq2seq": TaskEntry("Seq2SeqSettings", ("eval", "predict", "describe")),
    "caption": TaskEntry("CaptionSettings", ("eval", "generate", "describe")),
    "forecast": TaskEntry("ForecastSettings", ("eval", "predict", "describe")),
}

# text/tokenizers.py
KONLPY_TOKENIZERS = ("okt", "komoran", "hannanum", "kkma")
TOKENIZERS = (*KONLPY_TOKENIZERS, "mecab", "kiwi", "char", "jamo", "whitespace", "subword")

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
# models/character_input.py beside them
TEXT_INPUTS = (*INPUTS, "characters")

# cells/ (NumPy): what `inspect-grad` and `trace` can look into; inspection/probe.py
NUMPY_CELLS = ("rnn", "rnn-relu", "rnn-sigmoid", "lstm", "gru", "gru-reset-before")
INITS = ("uniform", "orthogonal")

# models/language_model.py
SOFTMAXES = ("full", "adaptive")

# text/units.py
UNITS = ("char", "jamo", "word", "subword", *KONLPY_TOKENIZERS, "mecab", "kiwi")

# training/optim.py
OPTIMIZERS = ("adam", "adamw", "sgd")
SCHEDULES = ("one-cycle", "plateau", "none")

# training/backend.py
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16")

# formats/corpus.py
FORMATS = ("auto", "lines", "tsv", "csv", "fasttext", "jsonl", "parquet", "folder")
# A table has columns and JSON lines have fields: two spellings of one flag.
TEXT_FLAGS = "--text-field --text-column"
LABEL_FLAGS = "--label-field --label-column"

# formats/reading.py: what becomes of a line in another encoding
DECODING = ("strict", "replace", "skip")

LOG_FORMATS = ("auto", "rich", "plain", "json", "none")
