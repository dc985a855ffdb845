"""Merchants, rank 3: the shops, what they offer, to whom, and the secrets that sign what they send.

Tables: merchants, webhook_keys, programmes, terms with rates, enrollments with splits, attribution_policies (how orders
are credited), coupons (whom a code stands for). Terms, splits and policies are versions:
added, never edited; the one in force at a moment is that with the latest `valid_from` not after it, of equal ones the
higher version. A split sums to 10,000. `allowed_hosts` bounds every redirect to a merchant. Imported by catalogue,
orders and all rooms above them.
"""
