"""What merchants owe us and have paid: receipts, and how far they reach.

Table: receipts. Invariants: a receipt is recorded once by the merchant's reference and booked in the same transaction;
it covers the merchant's oldest commissions first, each whole. Reports may import it.
"""
