"""Conversions, rank 7: which community an order is credited to, or why to none.

Table `conversions`, one row an order. The order's click token says link, moment and nonce; the click counts when it
led from an enrolled community to this very store, before the order and inside the programme's window. Terms, split and
curator are frozen with the credit: as long as the token and the moment of the order stay, nothing re-prices it.
`estimate_minor` is written by commissions, which knows prices. Used by commissions, pipeline, insights and payouts.
"""
