"""The calls, one kind a file. ``table.ROUTES`` is the list of them, and of nothing else."""
