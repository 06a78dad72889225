from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnntool.errors import UserError
from rnntool.formats.corpus import CorpusOptions, open_corpus, read_corpus
from rnntool.formats.token_writer import write_tokens


def read(content: str, name: str = "x.txt", **options):
    corpus = read_corpus(io.BytesIO(content.encode()), name, CorpusOptions(**options))
    return corpus.layout, list(corpus)


NSMC = 'id\tdocument\tlabel\n1\t"좋다\t1\n2\t\t0\n'


def test_nsmc_works_without_an_option():
    layout, rows = read(NSMC)
    assert (layout.format, layout.columns) == ("tsv", ("id", "document", "label"))
    assert [(row.line, row.text, row.label) for row in rows] == [(2, '"좋다', "1"), (3, "", "0")]


def test_plain_lines():
    layout, rows = read("첫 줄, 쉼표\n\n셋째\t탭\n")
    assert layout.format == "lines"
    assert [row.text for row in rows] == ["첫 줄, 쉼표", "", "셋째\t탭"]


def test_csv_has_quotes_and_line_feeds_in_texts():
    layout, rows = read('Q,A,label\n"가, ""나""\n다",라,0\n마,바,1\n', "x.csv", text_column="Q")
    assert layout.format == "csv"
    assert [(row.line, row.text, row.label) for row in rows] == [
        (2, '가, "나"\n다', "0"),
        (4, "마", "1"),
    ]


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        ("", {}, "x.txt: is empty"),
        ("id\tdocument\tlabel\n1\t좋다\n", {}, "x.txt:2: 2 columns where the header has 3"),
        ("id\tdocument\tlabel\n1\t좋\t다\t1\n", {}, "x.txt:2: 4 columns where the header has 3"),
        (
            NSMC,
            {"text_column": "text"},
            "no column 'text' (--text-column); expected one of: id, document",
        ),
        (NSMC, {"label_column": "stars"}, "no column 'stars' (--label-column)"),
        ("a\tb\n1\t2\n", {"format": "tsv"}, "which column contains the text?"),
        ('a,document\n1,"x\n', {"format": "csv"}, "not CSV"),
        ("#rnntool vocab v1\n", {}, "is a vocab file, not text or tokens"),
        ("#rnntool tokens v9 tokenizer=char\nx\n", {}, "written by a newer rnntool"),
        ("#rnntool tokens v1 tokenizer=char\n", {}, "contains no documents"),
    ],
)
def test_bad_input_is_named(content, options, says):
    with pytest.raises(UserError) as caught:
        read(content, **options)
    assert says in str(caught.value)


def test_a_one_megabyte_line_is_a_line():
    text = "가나 다" * 100_000
    _, rows = read(f"document,label\n{text},1\n", "x.csv")
    assert rows[0].text == text


TEXT = st.text(st.characters(exclude_characters="\n\r\t\0", codec="utf-8"))


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1))
def test_tokens_files_give_their_rows_back(tmp_path_factory, rows):
    content = "id\tdocument\tlabel\n" + "".join("\t".join(row) + "\n" for row in rows)
    path = str(tmp_path_factory.mktemp("t") / "x.tok")
    layout, read_rows = read(content)
    with write_tokens(path, layout.tokenized("okt:norm")) as writer:
        for row in read_rows:
            writer.write(row, f"{row.text} !")
    with open_corpus(path) as corpus:
        again = list(corpus)
        assert corpus.layout.tokenizer == "okt:norm"
    assert [row.text for row in again] == [f"{text} !" for _, text, _ in rows]
    assert [row.label for row in again] == [label for *_, label in rows]
    assert [row.fields[0] for row in again] == [identifier for identifier, *_ in rows]


def test_header_values_with_white_space_survive(tmp_path):
    path = str(tmp_path / "x.tok")
    layout, rows = read("my text,label\n가,1\n", "x.csv", text_column="my text")
    with write_tokens(path, layout.tokenized("char", "a model.json")) as writer:
        writer.write(rows[0], "가")
    with open_corpus(path) as corpus:
        assert [row.text for row in corpus] == ["가"]
        assert (corpus.layout.model, corpus.layout.format) == ("a model.json", "csv")
