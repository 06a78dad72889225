"""rnntool: recurrent networks for text, as commands that read files and write files."""

__version__ = "0.1.0"
