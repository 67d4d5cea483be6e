"""The scorecard: readings against what simulated traders really did.

The way of the data, file by file:

    parameters    every number the scorecard rests on, hashed before any world is drawn
    fingerprint   hash, nonce, seeds: in that order
    worlds        what a maker of worlds has to give: rows for the log, the truth behind them
    observing     rows into a log, features out of it as known at each moment of the grid
    observed      what a detector may see of one asset; the truth stands apart
    truth_runs    the true states of the grid as episodes
    runs          runs of a condition on a grid: the machinery of every detector's episodes
    detectors     R1 in both modes, the baselines; each with one strictness
    flows         what takers did over each window, in coins
    families      the ways of looking at that which the readings' names are about
    named         all other readings: an entry each, from its names to the classes of truth
    told          what they said at each moment, in one pass
    claims        each held against truth, the obvious baseline and chance
    contrasts     names that differ in degree; shares: the forced share's interval
    claim_card    all of that as plain values; claim_sections as tables
    chance        the base-rate random detector
    matching      which predicted episode meets which true one
    tally         what was met and missed, by asset-day; precision, recall, F1
    sweeping      strictness swept; the one at which alerts are as many as asked
    bootstrap     intervals by asset-day and by world, paired
    skill         Peirce skill on the grid: of the class, and of opened against closed
    controls      open interest without direction, truth shuffled: skill has to vanish
    ablation      what each mechanism of the market costs or gives
    card          all of it put together; markdown and the ledger write it down
    running       the processes

Nothing the detectors see was known later than the moment asked about; only the truth looks at who
did what, and no feature can read that.
"""
