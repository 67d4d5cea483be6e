"""``python -m tideline.cli``: the same as ``tideline``."""

from __future__ import annotations

from tideline.cli.app import main

if __name__ == "__main__":
    main()
