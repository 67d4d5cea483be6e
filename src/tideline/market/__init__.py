"""A small simulated market with known truth, for the demo and for tests of the surfaces."""
