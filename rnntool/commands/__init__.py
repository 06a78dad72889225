"""The command line. Each subcommand is a module here, imported only when it is used."""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, Literal

import typer
from typer.core import TyperGroup

from rnntool import __version__
from rnntool.machine import quiet_group, short_spin
from rnntool.registry import COMMANDS, LOG_FORMATS


class LazyGroup(TyperGroup):
    """Subcommands, listed from the registry so that `--help` does not import them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names in the registry, in the order of a workflow."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the subcommand's module and return its command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"rnntool.commands.{cmd_name.replace('-', '_')}")
        return typer.main.get_command(module.app)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Like Typer's method, but suggest a similar name for a wrong one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from rnntool.errors import one_of

            ctx.fail(f"No such command {args[0]!r}; {one_of(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def main(
        self, args: Any = None, prog_name: Any = None, complete_var: Any = None,
        standalone_mode: bool = True, windows_expand_args: bool = True, **extra: Any,
    ) -> Any:  # fmt: skip
        """As Typer does, but with `--log-format json` a wrong usage is said in JSON too."""
        words = sys.argv[1:] if args is None else args
        as_json = standalone_mode and _asks_for_json(words)
        own = standalone_mode and not as_json
        try:
            code = super().main(args, prog_name, complete_var, own, windows_expand_args, **extra)
        except Exception as error:
            if not as_json or not hasattr(error, "format_message"):  # as click's own errors have
                raise
            record = {"event": "error", "message": error.format_message()}
            print(json.dumps(record, ensure_ascii=False), file=sys.stderr)
            sys.exit(getattr(error, "exit_code", 2))
        if as_json:
            sys.exit(code if isinstance(code, int) else 0)
        return code

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Plain help from the registry: fast, since neither rich nor a command is imported."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        options = [p.get_help_record(ctx) for p in self.get_params(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
        with formatter.section("Options"):
            formatter.write_dl([record for record in options if record])
        formatter.write_paragraph()
        formatter.write_text("`rnntool COMMAND --help` shows a command's options and an example.")


def _asks_for_json(words: Sequence[str]) -> bool:
    """Whether a command line that cannot be parsed asked for its errors as JSON."""
    pairs = zip(words, [*words, ""][1:], strict=True)
    return any(w == "--log-format=json" or (w, after) == ("--log-format", "json")
               for w, after in pairs)  # fmt: skip


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rnntool {__version__}")
        raise typer.Exit()


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
    log_format: Literal[LOG_FORMATS] = typer.Option(  # type: ignore[valid-type]
        "auto", "--log-format", hidden=True
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", hidden=True),
    verbose: bool = typer.Option(False, "--verbose", "-v", hidden=True),
    traceback: bool = typer.Option(False, "--traceback", hidden=True),
) -> None:
    """Recurrent networks for text: commands that read files and write files.

    The options listed under "Every command" can also be given before the command's name.
    """


def _fill_closed_streams() -> None:
    """Open /dev/null for each closed standard stream, so that no other file gets its number.

    `sys.stdin` and `sys.stdout` stay None, so that a command that needs them can report it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (to the end)


def main() -> None:
    """Entry point of the console script `rnntool`."""
    _fill_closed_streams()
    short_spin()  # for this process and its children
    quiet_group()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")  # data is UTF-8 in every locale
    try:
        app()
    except KeyboardInterrupt:  # while a command's module is imported
        print("rnntool: interrupted", file=sys.stderr)
        sys.exit(130)
