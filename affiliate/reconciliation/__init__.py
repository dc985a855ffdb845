"""Reconciliation: what a store says it sold against what it told us, gaps in its numbers, and drops in its rate."""
