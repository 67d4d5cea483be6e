"""The table of commands, and what happens when one fails.

Exit codes: 0 done · 1 failed · 2 what was asked or given cannot be used · 3 verify found damage
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

import click

from tideline.domain.errors import BadInput, TidelineError, nearest_of

BAD_INPUT, FAILED = 2, 1


class Entry(NamedTuple):
    """One command: its name, where it lives, its line in ``tideline --help``."""

    name: str
    target: str
    help: str


COMMANDS: tuple[Entry, ...] = (
    Entry("demo", "demo.command:demo", "A SIMULATED market, collected and read as if real."),
    Entry("up", "collecting:up", "Collect live, and serve everything there is."),
    Entry("collect", "collecting:collect", "Collect live, or print the plan of it."),
    Entry("serve", "serve:serve", "Serve a store: REST, streams, metrics, its own docs."),
    Entry("keys", "keys:keys", "Keys of a service: create, list, revoke, rotate."),
    Entry("status", "status:status", "How the collector fares: rates, ages, gaps, bans."),
    Entry("reparse", "reparse:reparse", "Rebuild a log from the raw frames."),
    Entry("calibrate", "calibrate:calibrate", "Weigh how a venue counts, from what was collected."),
    Entry("mcp", "assistant:mcp", "Answer an assistant's tool calls (MCP)."),
    Entry("import", "bring:bring", "Take in archives, tables or canonical rows."),
    Entry("export", "bring:export", "Write rows out as a canonical table."),
    Entry("features", "ask:features", "Ask features of one moment, or of a table of them."),
    Entry("scan", "scan:scan", "Every reading of every asset, ranked, with its reason."),
    Entry("explain", "explain:explain", "Every reading of one asset, with its evidence."),
    Entry("report", "report:report", "The pre-trade checklist of one position."),
    Entry("analogues", "report:analogues", "Moments like this one, and what followed them."),
    Entry("score", "score:score", "Score the readings against simulated worlds' truth."),
    Entry("catalog", "look:catalog", "The signals: meaning, unit, sign, what they are not."),
    Entry("legs", "look:legs", "What the store holds: coverage and gaps per leg."),
    Entry("head", "look:head", "The newest moment whose answers are final."),
    Entry("suspects", "suspect:suspects", "Values held back; release or confirm them."),
    Entry("verify", "keep:verify", "Check every checksum and invariant."),
    Entry("compact", "keep:compact", "Rewrite the table smaller; changes no answer."),
    Entry("backup", "keep:backup", "Copy a store while it is in use."),
    Entry("retain", "keep:retain", "Remove what is older than a moment, for ever."),
    Entry("completion", "complete:completion", "Print shell completion."),
)

_TEACH = """Point-in-time open interest features from your own archives.

\b
A feature at T is a function of the observations known at T.
\b
    tideline demo                                   a simulated market, live
    tideline import binance-vision DIR --store S    your Binance metrics archives
    tideline catalog                                what can be asked
    tideline features --store S --asset BTC --as-of 2026-02-05T16:00:00Z \\
             --features positioning.oi_usdtm@1h:zscore,price.ret@1h
    tideline scan --store S --as-of 2026-02-05T16:00:00Z
"""


class Lazy(click.Group):
    """A group that imports a command when it is run, not when it is listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [entry.name for entry in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for entry in COMMANDS:
            if entry.name == cmd_name:
                module, _, name = entry.target.partition(":")
                found: click.Command = getattr(import_module(f"tideline.cli.{module}"), name)
                return found
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            raise BadInput(
                "command", args[0], "is not a command", nearest_of(args[0], names) or "--help"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in COMMANDS])


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        click.echo(f"tideline {version('tideline')}")
        ctx.exit()


@click.group(
    cls=Lazy, help=_TEACH, context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=False,
)  # fmt: skip
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version,
    help="Show the version.",
)  # fmt: skip
def tideline() -> None:
    """The root of the command tree."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(given))


def run(given: list[str]) -> int:
    """Run one command; errors become one message and an exit code, never a stack trace."""
    as_json = "--json" in given
    try:
        code = tideline.main(args=given, prog_name="tideline", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BadInput as error:
        return _fail(error, _facts(error), BAD_INPUT, as_json)
    except TidelineError as error:
        return _fail(error, _facts(error), FAILED, as_json)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.UsageError as error:
        facts = {"kind": "Usage", "message": error.format_message()}
        if not as_json and error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
        return _fail(error, facts, BAD_INPUT, as_json)
    except click.ClickException as error:
        return _fail(error, {"kind": "Failed", "message": error.format_message()}, FAILED, as_json)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return FAILED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        facts = {"kind": "System", "message": _system(error), "path": error.filename}
        return _fail(error, facts, FAILED, as_json)


def _facts(error: TidelineError) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": type(error).__name__, "message": str(error)}
    for name in ("field", "value", "problem", "nearest", "part", "position", "path", "pid"):
        if hasattr(error, name):
            found = getattr(error, name)
            facts[name] = found if isinstance(found, str | int | float | None) else str(found)
    if error.hint:
        facts["hint"] = error.hint
    return facts


def _system(error: OSError) -> str:
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else what


def _fail(error: Exception, facts: dict[str, Any], code: int, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"error": facts}, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(f"tideline: {facts['message']}", err=True)
    return code
