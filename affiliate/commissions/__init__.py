"""Commissions, rank 8: what a credited order earns, who gets which part, and why.

Tables `commissions`, `commission_events`, `commission_shares`; the last two are append-only and the seam to payouts.
Invariants (`checks.py`): shares sum to their event; nothing is booked for an order that is not completed; what is
booked equals what the rules reckon from the stored order, terms and split. Used by pipeline, insights and payouts.
"""
