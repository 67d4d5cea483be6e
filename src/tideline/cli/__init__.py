"""The command line: one entry, wired by hand. Only click is loaded until a command runs.

app          the table of commands and what happens when one fails
options      what commands share: --store, --as-of, --json ...
show         tables for people, JSON for programs
ask · scan · look · bring · keep · demo · complete      the commands, one kind a file
"""

from __future__ import annotations

from tideline.cli.app import main

__all__ = ["main"]
