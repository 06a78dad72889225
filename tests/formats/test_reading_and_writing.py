from __future__ import annotations

import gzip
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnntool.errors import UserError
from rnntool.formats.reading import decode_lines, read_all_lines, read_lines
from rnntool.formats.writing import write_directory, write_text


def lines_of(content: bytes, encoding: str = "utf-8") -> list[str]:
    import io

    return [text for _, text in decode_lines(io.BytesIO(content), "x", encoding)]


def test_line_ends_and_a_missing_last_one_make_no_difference():
    assert lines_of("가\n\n나\n".encode()) == ["가", "", "나"]
    assert lines_of("가\n\n나".encode()) == ["가", "", "나"]
    assert lines_of("가\r\n\r\n나".encode()) == ["가", "", "나"]


def test_only_a_line_feed_ends_a_line():
    assert lines_of("a\u2028b\x0bc\x85d\re\n".encode()) == ["a\u2028b\x0bc\x85d\re"]


def test_a_byte_order_mark_is_dropped_once():
    assert lines_of("\ufeff가\n\ufeff나".encode()) == ["가", "\ufeff나"]


def test_other_encodings():
    assert lines_of("가\n나\n".encode("cp949"), "cp949") == ["가", "나"]
    assert lines_of("가\n\r\n나".encode("utf-16"), "utf-16") == ["가", "", "나"]


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\0\ufeff", codec="utf-8"))))
def test_what_is_written_a_line_each_is_read(lines):
    assert lines_of("".join(f"{line}\n" for line in lines).encode()) == lines


def test_a_bad_byte_names_line_column_and_flag():
    with pytest.raises(UserError) as caught:
        lines_of("가\n나".encode() + b"\xff\n")
    assert "x:2" in str(caught.value)
    assert "byte 0xff at column 4" in str(caught.value)
    assert "--encoding" in str(caught.value)


def test_a_nul_byte_and_an_unknown_encoding_are_refused():
    with pytest.raises(UserError, match=r"x:2: contains a NUL byte"):
        lines_of(b"a\nb\0c\n")
    with pytest.raises(UserError, match="unknown encoding 'utf-88'"):
        lines_of(b"a\n", "utf-88")


def test_compressed_files_are_read(tmp_path):
    path = tmp_path / "x.txt.gz"
    path.write_bytes(gzip.compress("가\n나\n".encode()))
    assert [text for _, text in read_lines(str(path))] == ["가", "나"]
    path.write_bytes(gzip.compress("가\n나\n".encode() * 1000)[:-20])
    with pytest.raises(UserError, match="cannot be read to its end"):
        list(read_lines(str(path)))


@pytest.mark.parametrize(
    "content",
    ["", "\n", "가", "가\n\n나\n\n", "\ufeff가\n\ufeff나", "가\r\n나\r다\n", "a\u2028b\x0bc\n"],
)
def test_all_lines_at_once_are_the_lines_one_by_one(tmp_path, content):
    path = tmp_path / "x.txt"
    path.write_bytes(content.encode())
    assert read_all_lines(str(path)) == [text for _, text in read_lines(str(path))]


@pytest.mark.parametrize(("content", "line"), [(b"a\nb\xff\n", 2), (b"a\n\nb\0\n", 3)])
def test_all_lines_at_once_name_a_bad_one(tmp_path, content, line):
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"x.txt:{line}: "):
        read_all_lines(str(path))


def test_a_missing_file_suggests_a_near_name_and_a_directory_is_named(tmp_path):
    (tmp_path / "train.tok").write_text("x")
    with pytest.raises(UserError, match=r"no such file; did you mean '.*train\.tok'"):
        list(read_lines(str(tmp_path / "trian.tok")))
    with pytest.raises(UserError, match="is a directory"):
        list(read_lines(str(tmp_path)))


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), write_text(str(path)) as sink:
        sink.write("new" * 100_000)
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x"]


def test_a_write_replaces_the_file_behind_a_link_and_keeps_its_mode(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    with write_text(str(link)) as sink:
        sink.write("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UserError, match="mkdir -p"), write_text(str(tmp_path / "no" / "x")):
        pass
    with pytest.raises(UserError, match="is a folder"), write_text(str(tmp_path)):
        pass


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line_and_exit_code_1():
    code = "from rnntool.commands import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "tokenize", "-t", "char", "-q", "-o", "/dev/full"],
        input="가나다\n" * 1000,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_directory_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "run"
    with pytest.raises(ValueError, match="stop"), write_directory(str(target)) as folder:
        (folder / "a").write_text("1")
        raise ValueError("stop")
    assert os.listdir(tmp_path) == []
    with write_directory(str(target)) as folder:
        (folder / "a").write_text("1")
    with write_directory(str(target)) as folder:
        (folder / "b").write_text("2")
    assert os.listdir(tmp_path) == ["run"]
    assert os.listdir(target) == ["b"]
