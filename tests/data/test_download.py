"""Downloads, from a server on this machine."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import os
import re
import tarfile
import threading

import pytest

from rnntool.data import nsmc
from rnntool.data.download import fetch
from rnntool.errors import UserError
from rnntool.reporting import QuietReporter
from tests.conftest import Cli, one_line_error

CONTENT = "id\tdocument\tlabel\n1\t좋다\t1\n".encode() * 5000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.BaseHTTPRequestHandler):
    """Serves `files`, ranges too; breaks off after `limit` bytes while there is a limit."""

    files: dict[str, bytes] = {}  # noqa: RUF012
    limit: int | None = None
    asked: list[str | None] = []  # noqa: RUF012

    def do_GET(self) -> None:
        content = self.files.get(self.path)
        wanted = self.headers.get("Range")
        self.asked.append(wanted)
        if content is None:
            self.send_error(404)
            return
        start = int(re.findall(r"bytes=(\d+)-", wanted)[0]) if wanted else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:][: self.limit])

    def log_message(self, *arguments: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server():
    Server.files, Server.limit, Server.asked = {"/x.txt": CONTENT}, None, []
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()


def test_a_file_is_brought_checked_and_not_brought_again(server, tmp_path):
    target = tmp_path / "d" / "x.txt"
    for _ in range(2):
        fetch(f"{server}/x.txt", target, QuietReporter(), SHA256)
        assert target.read_bytes() == CONTENT
    assert Server.asked == [None]


def test_an_interrupted_download_goes_on_where_it_stopped(server, tmp_path):
    Server.limit = 30_000
    target = tmp_path / "x.txt"
    with pytest.raises(UserError, match="the download stopped after 30,000 of"):
        fetch(f"{server}/x.txt", target, QuietReporter(), SHA256)
    assert os.listdir(tmp_path) == ["x.txt.part"]
    Server.limit = None
    fetch(f"{server}/x.txt", target, QuietReporter(), SHA256)
    assert Server.asked == [None, "bytes=30000-"]
    assert target.read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["x.txt"]


def test_a_whole_part_is_taken_as_it_is(server, tmp_path):
    (tmp_path / "x.txt.part").write_bytes(CONTENT)
    fetch(f"{server}/x.txt", tmp_path / "x.txt", QuietReporter(), SHA256)
    assert os.listdir(tmp_path) == ["x.txt"]


def test_a_wrong_checksum_leaves_nothing(server, tmp_path):
    with pytest.raises(UserError, match=f"sha256 is {SHA256}, not 00"):
        fetch(f"{server}/x.txt", tmp_path / "x.txt", QuietReporter(), "00")
    assert os.listdir(tmp_path) == []


def test_another_file_under_a_published_name_is_refused(cli: Cli, server, tmp_path):
    Server.files = {f"/{name}": CONTENT for name in nsmc.SHA256}
    error = one_line_error(cli("data", "nsmc", tmp_path, "--mirror", server, "-q"))
    assert f"sha256 is {SHA256}, not {nsmc.SHA256[nsmc.TRAIN]}" in error
    assert os.listdir(tmp_path) == []


def test_offline_and_missing_files_are_one_line(cli: Cli, server, tmp_path):
    error = one_line_error(cli("data", "nsmc", tmp_path, "--mirror", "http://127.0.0.1:9", "-q"))
    assert "cannot be reached" in error
    assert "rnntool data sample" in error
    error = one_line_error(cli("data", "nsmc", tmp_path, "--mirror", server, "-q"))
    assert "the server answers 404" in error
    assert os.listdir(tmp_path) == []


def archive_of(reviews: dict[str, list[dict[str, str]]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in reviews.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(f"nsmc-master/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def test_unlabelled_reviews_hold_no_text_of_the_test_set(server, tmp_path):
    (tmp_path / nsmc.TEST).write_text(
        "id\tdocument\tlabel\n11\t시험  문장\t1\n12\t또 하나\t0\n", encoding="utf-8"
    )
    Server.files["/a.tar.gz"] = archive_of(
        {
            "raw/1.json": [
                {"review_id": "1", "review": "새 리뷰\n두 줄"},
                {"review_id": "2", "review": "시험 문장"},
                {"review_id": "12", "review": "글이 고쳐졌다"},
                {"review_id": "3", "review": "   "},
            ],
            "raw/2.json": [
                {"review_id": "4", "review": "새  리뷰 두 줄"},
                {"review_id": "5", "review": "끝"},
            ],
            "code/other.json": [{"review_id": "6", "review": "아님"}],
        }
    )
    nsmc.fetch_unlabelled(tmp_path, QuietReporter(), f"{server}/a.tar.gz")
    assert (tmp_path / nsmc.UNLABELLED).read_text(encoding="utf-8") == "새 리뷰 두 줄\n끝\n"
    assert sorted(os.listdir(tmp_path)) == sorted([nsmc.TEST, nsmc.UNLABELLED])


def test_a_damaged_archive_is_refused(tmp_path):
    path = tmp_path / "a.tar.gz"
    path.write_bytes(archive_of({"raw/1.json": []})[:40])
    with pytest.raises(UserError, match="damaged archive"):
        list(nsmc.read_raw(path))


def test_the_published_checksums_are_those_of_the_real_files(real_data):
    for name, sha256 in nsmc.SHA256.items():
        content = (real_data / "nsmc" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256
