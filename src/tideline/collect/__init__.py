"""Bringing archives in: what they imply, when it was known, what is left out and why.

file ──> LegRows (one leg's offered rows: normalised values, event times, in file order)
     ──> availability: first values, restatements, duplicates, rows left out
     ──> quarantine: suspects, releases, breaks
     ──> one commit ──> ImportReport
"""
