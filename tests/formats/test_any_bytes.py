"""Whatever bytes a file holds, a reader gives its value or says in one line what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnntool.errors import UserError
from tests.formats.readers import READERS, Reader


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """A good file after a few cuts, doublings and changed or foreign bytes."""
    content = good
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        stop = draw(st.integers(start, min(len(content), start + 40)))
        piece = draw(st.one_of(st.binary(max_size=8), st.just(content[start:stop] * 2), _TELLING))
        content = content[:start] + piece + content[stop:]
    return content


# Bytes that mean something to one reader or another.
_TELLING = st.sampled_from(
    [b"\t", b"\n", b"\r\n", b'"', b",", b" ", b"\0", b"\xff", b"-1", b"1e999", b"nan", b"&a *a",
     b"99999999999", "가".encode(), b"\xef\xbb\xbf", b"#rnntool tokens v1 format=csv\n"]
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("bytes")


@pytest.mark.parametrize("name", READERS)
def test_a_good_file_is_read(name, place):
    reader = READERS[name]
    path = place / f"good{reader.suffix}"
    path.write_bytes(reader.good())
    assert len(reader.read(str(path)))


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_other_file_is_read_or_refused(name, place, data):
    reader = READERS[name]
    content = data.draw(st.one_of(damaged(reader.good()), st.binary(max_size=200)))
    read_or_refuse(reader, str(place / f"any{reader.suffix}"), content)


def read_or_refuse(reader: Reader, path: str, content: bytes) -> None:
    """Read the bytes as a file; the only error that may come is one for the user to read."""
    with open(path, "wb") as sink:
        sink.write(content)
    said = None
    try:
        reader.read(path)
    except UserError as error:
        said = str(error)
    assert said is None or (path in said and "\n" not in said), said
