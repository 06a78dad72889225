"""Help in the form of a manual page: plain text in sections, at 80 columns.

Rich's tables cut long flags at 80 columns, and drawing them takes longer than the rest of `--help`.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

_ARGUMENTS, _OPTIONS = "Arguments", "Options"


class PlainCommand(TyperCommand):
    """A subcommand that lists its flags under their headings."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """The description, then the example on a separate line."""
        text, _, example = (self.help or "").partition("Example: ")
        for paragraph in text.strip().split("\n\n"):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(" ".join(paragraph.split()))
        if example:
            with formatter.section("Example"):
                formatter.write(f"{' ' * formatter.current_indent}{' '.join(example.split())}\n")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments first, then the headings in the order of their first flags."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                other = _ARGUMENTS if parameter.param_type_name == "argument" else _OPTIONS
                panel = getattr(parameter, "rich_help_panel", None) or other
                panels.setdefault(panel, []).append(record)
        for panel in sorted(panels, key=lambda name: name != _ARGUMENTS):
            with formatter.section(panel):
                formatter.write_dl(panels[panel])


class PlainGroup(TyperGroup):
    """A command with subcommands, each listed with its whole description."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The subcommands, in the order of their registration."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([
                (name, " ".join((command.help or "").split("\n\n")[0].split()))
                for name, command in commands if command is not None
            ])  # fmt: skip
