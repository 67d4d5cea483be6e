"""The tools of an assistant over standard input and output."""

from __future__ import annotations

import click

from tideline.cli.options import store_option
from tideline.domain.errors import BadInput


@click.command()
@store_option
@click.option("--plan", default="quant", show_default=True, help="Ask as this plan may.")
def mcp(store: str, plan: str) -> None:
    """Answer an assistant's tool calls on standard input and output (MCP).

    Tools: catalogue, live, historical, scan, explain, try_rule, report. The same are served over
    HTTP at /mcp by `tideline serve`.

    \b
        {"mcpServers": {"tideline": {"command": "tideline", "args": ["mcp", "--store", "S"]}}}
    """
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        raise BadInput(
            "mcp", "the library", "is not installed", "pip install 'tideline[assistant]'"
        )
    from tideline.serve.caller import local_caller
    from tideline.serve.mcp.questions import Questions
    from tideline.serve.mcp.server import make_server
    from tideline.settings import plan_named
    from tideline.store import open_store

    caller = local_caller(plan_named(plan))
    with open_store(store) as opened:
        make_server(Questions(opened), lambda _: caller).run("stdio")
