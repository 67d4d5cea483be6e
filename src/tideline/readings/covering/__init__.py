"""R3: covering, squeeze, cascade.

building   early warning: positions begin to be closed into a rise
kind       orderly or forced, for either side
share      which part of the closing was forced, as an interval
flush      sharp deleveraging, a flush of longs, the reversal set-up
"""
