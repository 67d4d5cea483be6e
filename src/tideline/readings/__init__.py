"""Readings: pure functions from feature values to named states, with their evidence.

    parameters   the one typed table of numbers, each with its provenance
    reading      what every reading returns
    cadence      which groups are fast and fresh enough to speak on a window
    bands        how large a move has to be to count
    price_oi     R1: the price x open-interest state
    flow_left    what goes with it: USD split, pressure, fuel left, spent
    episodes     when a state was entered and left on a grid of moments
    catalogue    all of them, as an explicit tuple
    naming       how one is named wherever it may be asked for

Nothing here reads a store, a file or a clock: values are handed in.
"""
