"""Several texts split in one call into Java, for KOMORAN, Kkma and Okt.

KoNLPy fetches each morpheme by a separate call from Python into Java. Such a call is slow, and only
one thread at a time can make it. Here Java itself reads the analysis: method handles of the
analyzers' methods are combined to one function from a text to its morphemes, and a Java stream
applies it to each text. No Java compiler is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Many = Callable[[list[str]], list[list[str]]]

TOGETHER = 16  # texts per call: few calls, and a slow text delays only a few others
SEPARATOR = "\x1e"  # between tokens that come from Java; almost never part of a text
_TEXTS = "\x1d"  # between texts; no text given to a call may contain either
_APART = ("\n", SEPARATOR, _TEXTS)  # KoNLPy's KOMORAN splits a text's lines one by one
_KOMORAN = "kr.co.shineware.nlp.komoran."
_KKMA = "org.snu.ids.ha.ma."
_STREAM = "java.util.stream.Stream"


def many_splitter(name: str, analyzer: Any) -> Many:
    """The function that splits several texts as `analyzer.morphs` does, in the running Java VM.

    Args:
        name: `komoran` or `kkma`.
        analyzer: KoNLPy's object; it splits the texts that cannot be combined with others.

    Raises:
        Exception: Java raised it for one of the texts.
    """
    handles = _Handles()
    make = {"komoran": _komoran, "kkma": _kkma}[name]
    at_once = _at_once(handles, make(handles, analyzer.jki))

    def many(texts: list[str]) -> list[list[str]]:
        if any(mark in text for text in texts for mark in _APART):
            return [list(analyzer.morphs(text)) for text in texts]
        return at_once(texts)

    return many


def okt_pieces(jki: Any, stem: bool) -> Many:
    """The function that analyzes several of Okt's pieces: for each, its `morpheme/tag`.

    Args:
        jki: KoNLPy's Java object.
        stem: as for `Okt().morphs`.
    """
    handles = _Handles()
    no, stems = (handles.java.lang.Boolean(flag) for flag in (False, stem))
    flag = "java.lang.Boolean"
    tokenize = handles.method(
        "kr.lucypark.okt.OktInterface", "tokenize", "java.util.List", "java.lang.String", flag, flag
    )
    one = handles.insert(tokenize.bindTo(jki), 1, no, stems)
    at_once = _at_once(handles, handles.chain(one, handles.stream(), handles.collected()))

    def apart(piece: str) -> list[str]:
        return [str(pair) for pair in jki.tokenize(piece, no, stems).toArray()]

    def many(pieces: list[str]) -> list[list[str]]:
        if any(mark in piece for piece in pieces for mark in (SEPARATOR, _TEXTS)):
            return [apart(piece) for piece in pieces]
        return at_once(pieces) if pieces else []

    return many


def _at_once(handles: _Handles, handle: Any) -> Many:
    """The function that applies a handle, from a text to its joined tokens, to several texts."""
    function, lines = handles.function(handle), handles.joining(_TEXTS)
    to_stream, to_string = handles.java.util.Arrays.stream, handles.string

    def at_once(texts: list[str]) -> list[list[str]]:
        array = to_string(_TEXTS.join(texts)).split(_TEXTS, -1)
        found = str(to_stream(array).map(function).collect(lines)).split(_TEXTS)
        return [tokens.split(SEPARATOR) if tokens else [] for tokens in found]

    return at_once


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
    """Java's method handles, and functions combined from them."""

    def __init__(self) -> None:
        import jpype

        self.java, self.string, self._class = jpype.java, jpype.JString, jpype.JClass
        invoke = self.java.lang.invoke
        self._handles, self._type = invoke.MethodHandles, invoke.MethodType
        self._proxies = invoke.MethodHandleProxies
        self._lookup = invoke.MethodHandles.publicLookup()

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
        """The composition of handles: each gets the result of the one before."""
        for handle in others:
            fitting = self._type.methodType(handle.type().returnType(), first.type().returnType())
            first = self._handles.filterReturnValue(first, handle.asType(fitting))
        return first

    def insert(self, handle: Any, place: int, *arguments: Any) -> Any:
        """A handle with some of its arguments given."""
        return self._handles.insertArguments(handle, place, list(arguments))

    def stream(self) -> Any:
        """Collection -> a stream of its items."""
        return self.method("java.util.Collection", "stream", _STREAM)

    def mapped(self, handle: Any) -> Any:
        """Stream -> a stream of the handle's result for each item."""
        return self._of_stream("map", self.function(handle))

    def flattened(self) -> Any:
        """Stream of collections -> a stream of all their items."""
        return self._of_stream("flatMap", self.function(self.stream()))

    def collected(self) -> Any:
        """Stream of strings -> one string."""
        collector = "java.util.stream.Collector"
        collect = self.method(_STREAM, "collect", "java.lang.Object", collector)
        return self.insert(collect, 1, self.joining(SEPARATOR))

    def joining(self, between: str) -> Any:
        """A collector that joins strings."""
        return self.java.util.stream.Collectors.joining(between)

    def _of_stream(self, name: str, function: Any) -> Any:
        handle = self.method(_STREAM, name, _STREAM, "java.util.function.Function")
        return self.insert(handle, 1, function)
