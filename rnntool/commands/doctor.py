"""`rnntool doctor`."""

from __future__ import annotations

import dataclasses
import json as json_module
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rnntool.commands._command import command, new_app
from rnntool.reporting import Reporter

if TYPE_CHECKING:
    from rnntool.inspection.doctor import Finding

app = new_app("Check what is installed and works, and say how to fix what does not.")


@command(app, "doctor", prints=True)
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    report: Reporter,
) -> None:
    """Check what is installed and works: packages, device, Java, and each tokenizer by a real call.

    The exit code is 1 if a package that training or prediction needs is missing.

    Example: rnntool doctor
    """
    from rnntool.commands._output import print_table
    from rnntool.inspection.doctor import examine

    findings = []
    with report.progress("checking", None, "checks") as progress:
        for finding in examine():
            findings.append(finding)
            progress.advance()
    if json:
        content = [dataclasses.asdict(finding) for finding in findings]
        sys.stdout.write(json_module.dumps(content, ensure_ascii=False) + "\n")
    else:
        rows = [
            ("ok" if f.works else "MISSING" if f.needed else "absent", f.name, _detail(f))
            for f in findings
        ]
        print_table(("", "what", "found"), rows)
    if any(f.needed and not f.works for f in findings):
        raise typer.Exit(1)


def _detail(finding: Finding) -> str:
    if finding.works or not finding.fix:
        return finding.detail
    return f"{finding.detail}; to fix: {finding.fix}"
