"""Every reader of files, with a good file for each: what the property tests and the fuzzer feed."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import save

from rnntool.configuration import read_config
from rnntool.embeddings.query import read_pairs
from rnntool.formats.corpus import CorpusOptions, open_corpus
from rnntool.formats.reading import read_lines
from rnntool.formats.series import read_series
from rnntool.formats.subword import read_subword
from rnntool.formats.tagged import TaggedOptions, read_tagged
from rnntool.formats.vector_rows import read_vector_rows
from rnntool.formats.vectors import read_vectors
from rnntool.formats.vocab import read_vocabulary
from rnntool.formats.weights import read_weights
from rnntool.text.subword import train_subword


class Reader(NamedTuple):
    """One of them."""

    suffix: str  # of its files
    read: Callable[[str], Any]  # reads a file to its end
    good: Callable[[], bytes]  # a file that it reads without complaint


def rows(**options: Any) -> Callable[[str], Any]:
    def read(path: str) -> Any:
        with open_corpus(path, CorpusOptions(**options)) as corpus:
            return corpus.layout, list(corpus)

    return read


def sentences(**options: Any) -> Callable[[str], Any]:
    return lambda path: list(read_tagged(path, TaggedOptions(**options)))


def text(content: str) -> Callable[[], bytes]:
    return content.encode


def npy() -> bytes:
    sink = io.BytesIO()
    np.save(sink, np.arange(6, dtype=np.float32).reshape(3, 2))
    return sink.getvalue()


def binary_vectors() -> bytes:
    rows = (("영화", (0.5, 1.0)), ("a", (-1.0, 2.0)))
    body = b"".join(w.encode() + b" " + struct.pack("<2f", *v) + b"\n" for w, v in rows)
    return b"2 2\n" + body


@cache
def parquet() -> bytes:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({
        "text": ["좋다 !", None, "영화"], "label": [["a"], [], ["a", "b"]], "stars": [1, None, 5],
    })  # fmt: skip
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    return sink.getvalue()


def zst() -> bytes:
    from smart_open.compression import compression_wrapper

    class Kept(io.BytesIO):
        def close(self) -> None:
            pass

    sink = Kept()
    with compression_wrapper(sink, "wb", compression=".zst") as written:
        written.write(NSMC.encode())
    return sink.getvalue()


@cache
def fasttext_vectors() -> bytes:
    import tempfile

    from gensim.models.fasttext import FastText, save_facebook_model

    model = FastText([["가", "나"], ["나", "다"]], vector_size=2, min_count=1, bucket=4, workers=1)
    with tempfile.TemporaryDirectory() as folder:
        save_facebook_model(model, f"{folder}/x.bin")
        return Path(folder, "x.bin").read_bytes()


VOCAB = (
    "#rnntool vocab v1 tokenizer=char min_count=1\n<pad>\t0\n<unk>\t0\n<bos>\t0\n<eos>\t0\n가\t3\n"
)
TOKENS = "#rnntool tokens v1 tokenizer=mecab format=tsv text=document label=label\n"
NSMC = 'id\tdocument\tlabel\n1\t"좋다 !\t1\n2\t\t0\n'
CONLLU = "# 1\n" + "\t".join(["1", "나는", "나", "PRON", *["_"] * 6]) + "\n\n"
JSON_LINES = (
    '{"text": "좋다 !", "label": 1, "id": 7}\n{"id": 8, "text": null, "label": ["a", "b"]}\r\n'
)
JSON_TOKENS = "#rnntool tokens v1 tokenizer=mecab format=jsonl text=text label=label\n" + JSON_LINES
FASTTEXT = "__label__good __label__short 좋다 !\n\n__label__bad\nno label\n"
SERIES = "Date,Temp,Rain\n1981-01-01,20.7,0\n1981-01-02,17.9,1e-3\n"
YAML = "hidden: 8\ncell: lstm\nlr: 1e-3\nfiles: [a, b]\n"

READERS = {
    "lines": Reader(".txt", lambda path: list(read_lines(path)), text("가\n\n나 다\r\n")),
    "gzip lines": Reader(
        ".txt.gz", lambda path: list(read_lines(path)), lambda: gzip.compress(b"a\nb\n", mtime=0)
    ),
    "utf-16 lines": Reader(
        ".txt", lambda path: list(read_lines(path, "utf-16")), lambda: "가\n나\n".encode("utf-16")
    ),
    "corpus": Reader(".txt", rows(), text(NSMC)),
    "csv corpus": Reader(".csv", rows(text_column="Q"), text('Q,label\n"가, ""나""\n다",0\n')),
    "JSON lines": Reader(".jsonl", rows(), text(JSON_LINES)),
    "JSON tokens": Reader(".tok", rows(), text(JSON_TOKENS)),
    "fastText lines": Reader(".txt", rows(), text(FASTTEXT)),
    "xz JSON lines": Reader(".jsonl.xz", rows(), lambda: lzma.compress(JSON_LINES.encode())),
    "zst lines": Reader(".txt.zst", rows(), zst),
    "Parquet": Reader(".parquet", rows(), parquet),
    "cp949 table": Reader(".tsv", rows(encoding="cp949"), lambda: NSMC.encode("cp949")),
    "tokens": Reader(".tok", rows(), text(TOKENS + NSMC)),
    "vocabulary": Reader(".tsv", read_vocabulary, text(VOCAB)),
    "text vectors": Reader(".vec", read_vectors, text("2 2\n영화 0.5 1\na -1 2e-3\n")),
    "binary vectors": Reader(".bin", read_vectors, binary_vectors),
    "fastText vectors": Reader(".bin", read_vectors, fasttext_vectors),
    "vector rows": Reader(".csv", read_vector_rows, text("x,y\n1,2\n3.5,-1\n")),
    "npy": Reader(".npy", read_vector_rows, npy),
    "weights": Reader(
        ".safetensors",
        lambda path: read_weights(Path(path)),
        lambda: save({"w": np.ones((2, 3), dtype=np.float32)}),
    ),
    "CoNLL-U": Reader(".conllu", sentences(format="conllu"), text(CONLLU)),
    "columns": Reader(".txt", sentences(), text("나는\tPRON\n.\tPUNCT\n\n가\tNOUN\n")),
    "tag table": Reader(".tsv", sentences(), text("tokens\ttags\n나는 가\tPRON NOUN\n")),
    "series": Reader(".csv", read_series, text(SERIES)),
    "word pairs": Reader(".csv", read_pairs, text("word 1,word 2,human\n영화,극장,7.5\n")),
    "settings": Reader(".yaml", read_config, text(YAML)),
    "subword model": Reader(
        ".json", read_subword, cache(lambda: train_subword(Counter({"가나": 3}), "char", 8))
    ),
}  # fmt: skip
