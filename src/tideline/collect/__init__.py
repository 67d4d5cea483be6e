"""Bringing in: archives of the past, and the venues live; what was known when, what is left out.

archives/    files ──> offers                  supervisor   every venue in a group of its own
availability first values, restatements,       asking/      limits, bans, polls, pages, plan
             duplicates, rows left out         listening/   connections, acks, silence, rotation
quarantine   suspects, releases, breaks        live/        records ──> rows, gaps, heartbeats
intake       offers ──> one commit             raw/         what arrived, kept; reparse
"""
