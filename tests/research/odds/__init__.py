"""Tests of the counted odds."""
