"""The words everything else is written in: time, venues, instruments, fields, units, errors."""
