"""What a feature is, computed: address grammar, point-in-time paths, formulas, transforms.

The way of a question through this folder::

    address   reads  positioning.oi_usdtm@1h:zscore[30]
    groups    chooses which instruments the signal speaks of
    legs      turns rows into sorted, bitemporal arrays (one leg = venue, instrument, field)
    lookup    answers "the value at t, as known at T" on them
    merged    the same for a sum over all groups at once, where nothing stands in the way
    flows     sums bars and events over a window, or says why it cannot
    formulas  the window value x(t) of every kind of signal
    transforms, extremes   from window values to the number asked for
    sweep     runs all of it over many moments; evidence for what stands beside the number
    door      is the one compiled function that Python calls
    engine    takes rows, signals, moments and addresses and gives answers

Nothing here reads a store, a file or a clock: rows are handed in.
"""
