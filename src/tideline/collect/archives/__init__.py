"""Files of the past: what each kind says, row by row, as offers to the intake.

file ──> LegRows (one leg's offered rows: normalised values, event times, in file order)
     ──> collect.intake: availability, quarantine, one commit ──> ImportReport
"""
