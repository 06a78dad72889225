"""Make a subcommand from a function and a dataclass of settings.

`@command(app, "name", SomeSettings)` gives the function a flag for each field of the dataclass,
`--config` and `--print-config`, the flags of every command, and the handling of errors: exit code
1 and one line, 130 on Ctrl-C, silence when the reader of a pipe has stopped.
"""

from __future__ import annotations

import dataclasses
import inspect
import json as json_module
import os
import signal
import sys
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import typer

from rnntool.commands._completion import add_completion, completer_of
from rnntool.commands._help import PlainCommand, PlainGroup
from rnntool.commands._output import (
    Force,
    Output,
    refuse_one_name,
    refuse_overwriting,
    refuse_own_input,
    standard_output_to,
    written_files,
)
from rnntool.configuration import flag_of, optional_type, resolve, to_yaml
from rnntool.errors import UserError
from rnntool.machine import process_rank
from rnntool.registry import LOG_FORMATS
from rnntool.reporting import Reporter, make_reporter

_COMMON = "Every command"
# The flags of every command; they can also be given before its name.
COMMON_DEFAULTS = {"log_format": "auto", "quiet": False, "verbose": False, "traceback": False}


def new_app(help: str) -> typer.Typer:
    """A Typer application with the options that all our subcommands share."""
    return typer.Typer(
        help=help,
        cls=PlainGroup,
        rich_markup_mode=None,
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def command(
    app: typer.Typer, name: str, settings: type[Any] | None = None, *, prints: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Register a function `f(…typer parameters…, settings=…, report=…)` as a subcommand.

    Args:
        prints: the function prints its result; the command gets `-o`, to print to a file.
    """

    def register(function: Callable[..., Any]) -> Callable[..., None]:
        own = inspect.signature(function, eval_str=True).parameters.values()
        own_parameters = [p for p in own if p.name not in ("settings", "report")]
        passes_report = "report" in inspect.signature(function).parameters
        fields = [] if settings is None else _field_parameters(settings)
        common = _common_parameters(with_config=settings is not None)
        printed = [_keyword("output", Output, "-")] if prints else []
        names = {parameter.name for parameter in (*own_parameters, *printed)}
        # These look after their output themselves.
        own_force = "output" not in names or bool(names & {"force", "resume"})
        printed += [] if own_force else [_keyword("force", Force, False)]
        for parameter in own_parameters:
            add_completion(parameter)
        field_names = [parameter.name for parameter in fields]

        def run(**values: Any) -> None:
            asked = _with_root(values.pop("context"), values)
            with guard(asked.pop("traceback"), asked["log_format"] == "json"):
                quiet, verbose = asked.pop("quiet"), asked.pop("verbose")
                report: Reporter = make_reporter(asked.pop("log_format"), quiet, verbose)
                arguments = dict(asked)
                if settings is not None:
                    given = {key: arguments.pop(key) for key in field_names}
                    resolved = resolve(settings, arguments.pop("config"), given)
                    if arguments.pop("print_config"):
                        sys.stdout.write(to_yaml(resolved))
                        return
                    arguments["settings"] = resolved
                every = arguments | (vars(resolved) if settings is not None else {})
                refuse_own_input(every)
                refuse_one_name(every)
                if not own_force:
                    force = arguments.pop("force")
                    for path in written_files(every):
                        refuse_overwriting(path, force)
                if passes_report:
                    arguments["report"] = report
                if not prints:
                    function(**arguments)
                    return
                with standard_output_to(arguments.pop("output")):
                    function(**arguments)

        run.__doc__ = function.__doc__
        run.__name__ = function.__name__
        context = inspect.Parameter(
            "context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context
        )
        parameters = [*own_parameters, *printed, *fields, *common, context]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        app.command(name, cls=PlainCommand)(run)
        return run

    return register


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _field_parameters(settings: type[Any]) -> list[inspect.Parameter]:
    """A Typer option for each field; None means "not given", so that --config can set it."""
    hints = typing.get_type_hints(settings)
    return [
        _keyword(field.name, _option_type(field, hints[field.name]), None)
        for field in dataclasses.fields(settings)
    ]


def _option_type(field: dataclasses.Field[Any], hint: Any) -> Any:
    metadata = field.metadata
    kind, _ = optional_type(hint)
    if metadata["choices"]:
        kind = Literal[metadata["choices"]]
    elif typing.get_origin(kind) is tuple:
        kind = list[str]
    flags = (metadata["flag"] or flag_of(field.name, metadata)).split()
    if kind is bool:
        flags = [f"{flag}/--no-{flag[2:]}" if flag.startswith("--") else flag for flag in flags]
    option = typer.Option(
        *flags,
        help=metadata["help"] + _shown_default(field.default),
        show_default=False,
        autocompletion=completer_of(field.name),
        rich_help_panel=metadata["panel"],
        metavar={int: "INT", float: "FLOAT", str: "TEXT"}.get(kind),
        min=metadata["min"] if kind in (int, float) else None,
        max=metadata["max"] if kind in (int, float) else None,
    )
    return Annotated[kind | None, option]


def _shown_default(default: Any) -> str:
    """The default for `--help`; empty if there is none, or if a switch is off."""
    return "" if default in (None, (), "") or default is False else f" (default: {default})"


def _common_parameters(with_config: bool) -> list[inspect.Parameter]:
    def option(*flags: str, help: str) -> Any:
        return typer.Option(*flags, help=help, rich_help_panel=_COMMON)

    log_format = Annotated[
        Literal[LOG_FORMATS],  # type: ignore[valid-type]
        option("--log-format", help="How progress is written to standard error."),
    ]
    flag = Annotated[bool, option("--quiet", "-q", help="Show only warnings and errors.")]
    verbose = Annotated[
        bool, option("--verbose", "-v", help="Report which device, precision and engine are used.")
    ]
    traceback = Annotated[bool, option("--traceback", help="Show Python's traceback of an error.")]
    parameters = [
        _keyword("log_format", log_format, "auto"),
        _keyword("quiet", flag, False),
        _keyword("verbose", verbose, False),
        _keyword("traceback", traceback, False),
    ]
    assert [parameter.name for parameter in parameters] == list(COMMON_DEFAULTS)
    if with_config:
        config = Annotated[str | None, option("--config", help="YAML file of settings.")]
        shown = Annotated[bool, option("--print-config", help="Print the settings and stop.")]
        parameters[:0] = [
            _keyword("config", config, None),
            _keyword("print_config", shown, False),
        ]
    return parameters


def _with_root(context: typer.Context, values: dict[str, Any]) -> dict[str, Any]:
    """The values, with the flags given before the subcommand (`rnntool -v predict …`)."""
    before = context.find_root().params
    return values | {
        name: before[name]
        for name, default in COMMON_DEFAULTS.items()
        if values[name] == default and before.get(name, default) != default
    }


@contextmanager
def guard(traceback: bool = False, json: bool = False) -> Iterator[None]:
    """Turn every exception into an exit code and one line on standard error.

    Args:
        json: write that line as a JSON object.
    """
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()  # a closed pipe raises here, not when Python exits
    except BrokenPipeError:
        _abandon_stdout()
        raise typer.Exit(0) from None
    except KeyboardInterrupt:
        _fail("interrupted", 130, traceback, json)
    except UserError as error:
        _fail(f"error: {error}", 1, traceback, json)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"error: {where}{error.strerror or error}", 1, traceback, json)
    except (typer.Exit, SystemExit):
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        if isinstance(error, MemoryError) or "allocate memory" in text or "out of memory" in text:
            what = "error: not enough memory; try a smaller --batch-size, or --max-length"
            _fail(what, 1, traceback, json)
        hint = "this is a bug in rnntool; run again with --traceback and report it"
        _fail(f"error: {type(error).__name__}: {text}; {hint}", 1, traceback, json)


def _fail(message: str, code: int, traceback: bool, json: bool) -> None:
    if traceback:
        raise
    if not _echo():
        line = f"rnntool: {message}"
        if json:
            kind, _, text = message.partition(": ")
            line = json_module.dumps({"event": kind, "message": text}, ensure_ascii=False)
        print(line, file=sys.stderr, flush=True)
    raise typer.Exit(code) from None


def _echo() -> bool:
    """Whether the first process of torchrun reports this error, which all of them meet."""
    return process_rank() > 0 and isinstance(sys.exc_info()[1], UserError)


def _terminate(signum: int, frame: Any) -> None:
    """On SIGTERM end the command by an exception, so that temporary files are removed."""
    raise SystemExit(128 + signum)


def _abandon_stdout() -> None:
    """Prevent Python's message at exit that standard output is closed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
