"""A practice corpus composed by rule, in the on-disk formats of the real data sets. For practice and tests only."""
