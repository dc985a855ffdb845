"""Tracking links, rank 5: a code given out, the store's page it leads to, and for which community.

Table: tracking_links. Picks make links to products (storefronts calls `service.create`); people and programs make links
to any page of a store (`making.make`: the store is found by the address's host), with a label, sub-ids and a code of
their own. A link's target is its product's present URL, or `target_url`; what is gone leads to the next best page of
the store (`queries._targets`, docs/decisions/0012), never off the merchant's `allowed_hosts`. A withdrawn link keeps
its code for ever: codes are printed on posters and are never given to something else, nor is one that looks like it.
Tracking redirects by links; what they brought is counted further up and hung in by app.py (`figures`).
"""
