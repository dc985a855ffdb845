"""Paying what is due: a run is planned by one person, approved by another by its digest, sent, and settled.

Tables: payout_runs, payouts, payout_attempts, run_left_out. Invariants: maker and approver differ; what is sent is what
was approved; planned money is reserved in the books, so that no second run takes it; a payment whose fate is unknown is
looked up before anything is sent again. `rules` decide who is due, `service` plans, approves, cancels and settles,
`sending` hands payouts to their rails (driven by `jobs`), `checks` proves it all. Imported by reports and verify.
"""
