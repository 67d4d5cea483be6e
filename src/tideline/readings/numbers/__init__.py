"""The numbers of the readings, a file for each: value, unit, range, provenance, meaning."""
