"""The same labelled texts in every form that users keep them in, through one door."""

from __future__ import annotations

import bz2
import csv
import gzip
import hashlib
import http.server
import io
import json
import lzma
import threading
from functools import partial

import pyarrow
import pyarrow.parquet
import pytest

from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, open_corpus
from rnntool.formats.rundir import read_config
from rnntool.runs.provenance import noted_inputs
from tests.commands.test_workflow import SMALL
from tests.conftest import Cli, one_line_error

PAIRS = [("very good, really", "pos"), ("", "neg"), ("나쁜 “영화”", "neg"), ("the end", "pos")]


def tsv() -> str:
    return "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in PAIRS)


def comma_separated() -> str:
    sink = io.StringIO()
    csv.writer(sink).writerows([("label", "text"), *((label, text) for text, label in PAIRS)])
    return sink.getvalue()


def json_lines() -> str:
    return "".join(json.dumps({"n": 1, "text": t, "label": x}) + "\n" for t, x in PAIRS)


def fasttext() -> str:
    return "".join(f"__label__{label} {text}\n" for text, label in PAIRS)


FILES = {
    "x.tsv": tsv().encode(),
    "bom.tsv": b"\xef\xbb\xbf" + tsv().encode(),
    "crlf.tsv": tsv().replace("\n", "\r\n").encode(),
    "x.csv": comma_separated().encode(),
    "X.CSV": comma_separated().encode(),
    "x.jsonl": json_lines().encode(),
    "x.ndjson": json_lines().encode(),
    "named-otherwise": json_lines().encode(),
    "x.txt": fasttext().encode(),
    "x.tsv.gz": gzip.compress(tsv().encode()),
    "x.csv.bz2": bz2.compress(comma_separated().encode()),
    "x.jsonl.xz": lzma.compress(json_lines().encode()),
}


def read(path, **options) -> list[tuple[str, str | None]]:
    with open_corpus(str(path), CorpusOptions(**options)) as corpus:
        return [(row.text, row.label) for row in corpus]


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_recognised_by_its_name_or_by_what_stands_in_it(tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    assert read(tmp_path / name) == PAIRS


@pytest.mark.parametrize(
    ("form", "content"),
    [("tsv", tsv()), ("csv", comma_separated()), ("jsonl", json_lines()), ("fasttext", fasttext())],
)
def test_a_form_is_read_by_format_from_standard_input(cli: Cli, form, content):
    result = cli("check", "-", "--format", form, "--json", "-q", input=content)
    (report,) = json.loads(result.out)
    assert report["format"] == form
    assert report["labels"] == {"neg": 2, "pos": 2}


def test_another_encoding(tmp_path):
    korean = "text\tlabel\n나쁜 영화\t부정\n"
    (tmp_path / "x.tsv").write_bytes(korean.encode("cp949"))
    assert read(tmp_path / "x.tsv", encoding="cp949") == [("나쁜 영화", "부정")]


def test_parquet_as_other_programs_write_it(tmp_path, cli: Cli):
    texts, labels = zip(*PAIRS, strict=True)
    table = pyarrow.table({"text": texts, "label": pyarrow.array(labels).dictionary_encode()})
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet", row_group_size=2)
    whole = (tmp_path / "x.parquet").read_bytes()
    assert read(tmp_path / "x.parquet") == PAIRS
    (tmp_path / "x.parquet.gz").write_bytes(gzip.compress(whole))
    assert read(tmp_path / "x.parquet.gz") == PAIRS
    out = cli("tokenize", "-t", "char", "--format", "parquet", "-q", input=whole).out
    assert json.loads(out.splitlines()[4]) == {"text": "t h e ▁ e n d", "label": "pos"}

    (tmp_path / "cut.parquet").write_bytes(whole[:-9])
    error = one_line_error(cli("check", tmp_path / "cut.parquet", "-q"))
    assert "cut.parquet: is not a complete Parquet file" in error
    error = one_line_error(cli("check", tmp_path / "x.parquet", "--label-column", "y", "-q"))
    assert "has no column 'y' (--label-column); expected one of: text, label" in error
    (tmp_path / "renamed.txt").write_bytes(whole)
    assert "--format parquet" in one_line_error(cli("check", tmp_path / "renamed.txt", "-q"))
    pyarrow.parquet.write_table(pyarrow.table({"text": [3]}), tmp_path / "number.parquet")
    error = one_line_error(cli("check", tmp_path / "number.parquet", "-q"))
    assert "row 1: text is a number, not a text" in error
    table = pyarrow.table({"text": ["a", "b"], "label": ["x", None]})
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    error = one_line_error(cli("train", "classify", tmp_path / "x.parquet", "-o", tmp_path / "r"))
    assert "x.parquet: row 2: the label is empty" in error


def make_folder(place):
    for number, (text, label) in enumerate(sorted(PAIRS, key=lambda pair: pair[1])):
        (place / label).mkdir(parents=True, exist_ok=True)
        (place / label / f"{number}.txt").write_text(text + "\n")
    (place / "README").write_text("not a text of a label")
    (place / ".hidden").mkdir()
    return place


def test_a_folder_of_texts_for_each_label(tmp_path, cli: Cli):
    folder = make_folder(tmp_path / "data")
    assert sorted(read(folder)) == sorted(PAIRS)
    (folder / "pos" / "9.txt").write_text("two\nlines\n")
    assert ("two\nlines", "pos") in read(folder)
    first = noted_inputs({"train": str(folder)})
    (folder / "pos" / "9.txt").write_text("two\nother lines\n")
    assert noted_inputs({"train": str(folder)}) != first
    lines = cli("tokenize", "-t", "whitespace", folder, "-q").out.splitlines()
    assert json.loads(lines[-1]) == {
        "file": "pos/9.txt", "text": "two other lines", "label": "pos"
    }  # fmt: skip
    (folder / "pos" / "8.txt").write_bytes(b"\xff\n")
    assert "pos/8.txt:1: not utf-8" in one_line_error(cli("check", folder, "-q"))


def test_a_folder_of_something_else_is_refused(tmp_path, cli: Cli):
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert "is a folder inside a label's folder" in one_line_error(cli("check", tmp_path, "-q"))
    error = one_line_error(cli("check", tmp_path / "a", "-q"))
    assert "is a directory without a folder of texts" in error


@pytest.mark.parametrize("name", ["x.tsv", "x.csv", "x.jsonl", "x.txt"])
def test_tokens_keep_the_form_and_the_labels(tmp_path, cli: Cli, name):
    (tmp_path / name).write_bytes(FILES[name])
    tokens = tmp_path / "x.tok"
    assert cli("tokenize", "-t", "char", tmp_path / name, "-o", tokens, "-q").code == 0
    with open_corpus(str(tokens)) as corpus:
        rows = list(corpus)
        assert corpus.layout.tokenizer == "char"
    assert [row.label for row in rows] == [label for _, label in PAIRS]
    assert rows[3].text == "t h e ▁ e n d"


def test_several_labels_a_text(tmp_path):
    (tmp_path / "x.txt").write_text("__label__a __label__b-c one two\n three\n__label__a\n")
    (tmp_path / "x.jsonl").write_text('{"labels": ["a", 2, true], "text": "one"}\n')
    with open_corpus(str(tmp_path / "x.txt")) as corpus:
        rows = list(corpus)
    assert [row.several for row in rows] == [("a", "b-c"), (), ("a",)]
    assert [row.text for row in rows] == ["one two", " three", ""]
    with open_corpus(str(tmp_path / "x.jsonl")) as corpus:
        assert next(iter(corpus)).several == ("a", "2", "true")


BAD_LINES = [
    ('{"text": "a", "label": 1}\n{"text": \n', ":2: not JSON"),
    ('{"text": "a", "label": 1}\n\n', ":2: not JSON: the line is empty"),
    ('{"text": "a", "label": 1}\n[1]\n', ":2: is a list, not a JSON object"),
    ('[{"text": "a"}]\n', ":1: is a list, not a JSON object"),
    ('{"text": "a", "label": 1}\n{"txt": "a"}\n', ":2: has no field 'text'; expected one of: txt"),
    ('{"text": 5}\n', ":1: text is a number, not a text"),
    ('{"text": "a\\u0000"}\n', ":1: text contains a NUL"),
    ('{"text": "a\\ud800"}\n', ":1: contains half of a surrogate pair"),
    ('{"text": "a", "label": {}}\n', ":1: label is an object, not a label"),
    ('{"a": "b"}\n', "which field contains the text?; give --text-field, one of: a"),
    ("[" * 100_000 + "\n", ":1: not JSON"),
]


@pytest.mark.parametrize(("content", "says"), BAD_LINES)
def test_a_json_line_that_is_none_is_named_by_its_number(tmp_path, cli: Cli, content, says):
    path = tmp_path / "x.jsonl"
    path.write_text(content)
    error = one_line_error(cli("check", path, "-q"))
    assert f"{path}{says}" in error or (f"{path}: {says}" in error and says.startswith("which"))


def test_fields_by_their_names(tmp_path, cli: Cli):
    path = tmp_path / "x.jsonl"
    path.write_text('{"body": "a b", "kind": "c"}\n')
    options = ("--text-field", "body", "--label-field", "kind")
    (report,) = json.loads(cli("check", path, "--json", "-q", *options).out)
    assert report["labels"] == {"c": 1}
    error = one_line_error(cli("check", path, "--text-field", "x", "-q"))
    assert "has no field 'x' (--text-field); expected one of: body, kind" in error


class Site(http.server.SimpleHTTPRequestHandler):
    """A web server for a folder, which notes what it was asked for."""

    asked: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/short.tsv":
            self.send_response(200)
            self.send_header("Content-Length", str(len(FILES["x.tsv"]) + 1))
            self.end_headers()
            self.wfile.write(FILES["x.tsv"])
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(tmp_path):
    """The address of a web server for `tmp_path`."""
    Site.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize("name", ["x.tsv", "x.tsv.gz", "x.jsonl.xz"])
def test_a_file_at_a_url(tmp_path, served, name):
    (tmp_path / name).write_bytes(FILES[name])
    assert read(f"{served}/{name}") == PAIRS
    with pytest.raises(UserError, match="the server answers 404"):
        read(f"{served}/none.tsv")
    with pytest.raises(UserError, match="cannot be reached"):
        read("http://127.0.0.1:1/x.tsv")
    with pytest.raises(UserError, match=r"short.tsv: the download stopped after [0-9]+ of [0-9]+ "):
        read(f"{served}/short.tsv")


def test_a_training_reads_a_url_once_and_notes_its_sum(tmp_path, served, cli: Cli):
    text = "text\tlabel\n" + "a good film\tpos\na bad one\tneg\n" * 10
    (tmp_path / "x.tsv").write_text(text)
    (tmp_path / "x.vec").write_text("2 16\n" + "".join(f"{w} {'1 ' * 16}\n" for w in ("a", "b")))
    result = cli("train", "classify", f"{served}/x.tsv", "--vectors", f"{served}/x.vec",
                 "-o", tmp_path / "run", "--epochs", 1, *SMALL)  # fmt: skip
    assert result.code == 0, result.err
    assert sorted(Site.asked) == ["/x.tsv", "/x.vec"]
    assert read_config(tmp_path / "run").inputs["train"] == {
        "path": f"{served}/x.tsv", "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }  # fmt: skip
