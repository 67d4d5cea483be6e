"""Research: how often what tideline says is right.

scoring     readings against the simulated market's truth: the scorecard
"""
