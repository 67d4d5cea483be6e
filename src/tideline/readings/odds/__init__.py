"""How often: two tables of counted odds that stand beside a named state, and are never merged."""
