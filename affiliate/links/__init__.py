"""Tracking links, rank 5: a code given out, the store's page it leads to, and for which community.

Table: tracking_links. A link's target is its product's present URL, or `target_url` where there is no product; it is
handed out only when its host stands in the merchant's `allowed_hosts`. A withdrawn link keeps its code for ever: codes
are printed on posters and are never given to something else. Storefronts create links, tracking redirects by them.
"""
