"""Odds of states, counted from a store and checked on weeks they were not counted from."""
