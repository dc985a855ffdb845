"""Clicks, rank 6: signed tokens, the redirect, the spool, and the job that loads it. Knows links, not picks.

Tables: clicks (one row a visit, keyed by what its token says), spool_progress (how far a file is loaded),
click_retention (up to when old clicks have lost what points to a person).
`pageviews` records views of shop windows, `rollups` sums clicks and views by the hour.

    GET /go/<code>  →  link at hand  →  token  →  one line in this process's spool file  →  302 to the store
    job "spool"     →  whole lines of the files, in batches, each click once  →  clicks
                       records (lines) → batches (rows) → arrivals (SQL) ← service (one batch) ← jobs (files)

The redirect asks no database, so it works through an outage of it; what was written before the answer survives
`kill -9` of the server. A withdrawn link answers 410 with a page that leads to the community's shop window: a printed
code should not end at a bare error, and silently landing elsewhere would puzzle whoever followed a certain product.
"""
