"""Several texts split in one call into Java, for KOMORAN and Kkma.

KoNLPy fetches morpheme after morpheme, and each call from Python into Java takes longer than a
morpheme is worth; of several threads, only one at a time makes its calls. Here Java itself takes an
analysis apart: method handles of the analyzers' own methods are put together to one function from a
text to its morphemes, and a stream applies it to each text. None of it needs a Java compiler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Many = Callable[[list[str]], list[list[str]]]

TOGETHER = 16  # texts a call: the call is cheap beside them, and a slow text holds up few others
_TOKENS, _TEXTS = "\x1e", "\x1d"  # stand between them; no text given to a call may hold one
_APART = ("\n", _TOKENS, _TEXTS)  # KoNLPy's KOMORAN takes the lines of a text one by one
_KOMORAN = "kr.co.shineware.nlp.komoran."
_KKMA = "org.snu.ids.ha.ma."
_STREAM = "java.util.stream.Stream"


def many_splitter(name: str, analyzer: Any, split: Callable[[str], list[str]]) -> Many:
    """What splits several texts as `analyzer.morphs` splits each, in the running Java VM.

    Args:
        name: `komoran` or `kkma`.
        analyzer: KoNLPy's object.
        split: what splits one, for texts that cannot go with others.

    Raises:
        Exception: Java threw it at one of the texts.
    """
    handles = _Handles()
    make = {"komoran": _komoran, "kkma": _kkma}[name]
    function = handles.function(make(handles, analyzer.jki))
    lines = handles.joining(_TEXTS)
    to_stream, to_string = handles.java.util.Arrays.stream, handles.string

    def many(texts: list[str]) -> list[list[str]]:
        if any(mark in text for text in texts for mark in _APART):
            return [list(split(text)) for text in texts]
        array = to_string(_TEXTS.join(texts)).split(_TEXTS, -1)
        found = str(to_stream(array).map(function).collect(lines)).split(_TEXTS)
        return [tokens.split(_TOKENS) if tokens else [] for tokens in found]

    return many


def _komoran(handles: _Handles, jki: Any) -> Any:
    """Text -> `KomoranResult` -> its list of `Token` -> their morphemes, joined."""
    result, token = f"{_KOMORAN}model.KomoranResult", f"{_KOMORAN}model.Token"
    analyze = handles.method(f"{_KOMORAN}core.Komoran", "analyze", result, "java.lang.String")
    return handles.chain(
        analyze.bindTo(jki),
        handles.method(result, "getTokenList", "java.util.List"),
        handles.stream(),
        handles.mapped(handles.method(token, "getMorph", "java.lang.String")),
        handles.collected(),
    )


def _kkma(handles: _Handles, jki: Any) -> Any:
    """Text -> a list of `Sentence`, of `Eojeol`, of `Morpheme` -> their strings, joined."""
    analyze = handles.method(
        "kr.lucypark.kkma.KkmaInterface", "morphAnalyzer", "java.util.List", "java.lang.String"
    )
    return handles.chain(
        analyze.bindTo(jki),
        handles.stream(),
        handles.flattened(),
        handles.flattened(),
        handles.mapped(handles.method(f"{_KKMA}Morpheme", "getString", "java.lang.String")),
        handles.collected(),
    )


class _Handles:
    """Java's method handles, and what is made of them."""

    def __init__(self) -> None:
        import jpype

        self.java, self.string, self._class = jpype.java, jpype.JString, jpype.JClass
        invoke = self.java.lang.invoke
        self._handles, self._type = invoke.MethodHandles, invoke.MethodType
        self._proxies, self._lookup = (
            invoke.MethodHandleProxies,
            invoke.MethodHandles.publicLookup(),
        )

    def method(self, owner: str, name: str, returned: str, *taken: str) -> Any:
        """A method of a class, by the names of its types."""
        types = [self._class(given).class_ for given in taken]
        result = self._class(returned).class_
        signature = self._type.methodType(result, types) if types else self._type.methodType(result)
        return self._lookup.findVirtual(self._class(owner).class_, name, signature)

    def function(self, handle: Any) -> Any:
        """A handle as a `java.util.function.Function`."""
        function = self._class("java.util.function.Function")
        return self._proxies.asInterfaceInstance(function.class_, handle)

    def chain(self, first: Any, *others: Any) -> Any:
        """One handle after the other, each of what the one before gives."""
        for handle in others:
            fitting = self._type.methodType(handle.type().returnType(), first.type().returnType())
            first = self._handles.filterReturnValue(first, handle.asType(fitting))
        return first

    def stream(self) -> Any:
        """Collection -> a stream of what it holds."""
        return self.method("java.util.Collection", "stream", _STREAM)

    def mapped(self, handle: Any) -> Any:
        """Stream -> a stream of what the handle makes of each."""
        return self._of_stream("map", self.function(handle))

    def flattened(self) -> Any:
        """Stream of collections -> a stream of what they hold."""
        return self._of_stream("flatMap", self.function(self.stream()))

    def collected(self) -> Any:
        """Stream of strings -> one string."""
        collector = "java.util.stream.Collector"
        collect = self.method(_STREAM, "collect", "java.lang.Object", collector)
        return self._handles.insertArguments(collect, 1, [self.joining(_TOKENS)])

    def joining(self, between: str) -> Any:
        """A collector that joins strings."""
        return self.java.util.stream.Collectors.joining(between)

    def _of_stream(self, name: str, function: Any) -> Any:
        handle = self.method(_STREAM, name, _STREAM, "java.util.function.Function")
        return self._handles.insertArguments(handle, 1, [function])
