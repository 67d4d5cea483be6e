"""Shell completion."""

from __future__ import annotations

import click

from tideline.cli.options import choose

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", metavar="bash|zsh|fish")
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
        bash:  eval "$(tideline completion bash)"           in ~/.bashrc
        zsh:   eval "$(tideline completion zsh)"            in ~/.zshrc
        fish:  tideline completion fish > ~/.config/fish/completions/tideline.fish
    """
    from click.shell_completion import get_completion_class

    from tideline.cli.app import tideline

    found = get_completion_class(choose("shell", shell, SHELLS))
    if found is None:
        raise click.ClickException(f"click knows no completion for {shell}")
    click.echo(found(tideline, {}, "tideline", "_TIDELINE_COMPLETE").source())
