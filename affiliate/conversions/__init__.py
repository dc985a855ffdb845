"""Conversions, rank 7: which communities an order is credited to, or why to none.

Tables `conversions`, one row an order; `credits`, its parts; `customer_clicks`, by which customers are known.
`gathering` finds everything that might have caused an order (its click token, other clicks of whoever bought, coupon,
declared reference), `rules` decides by the programme's ladder and model, `story` tells each reader why. Terms, splits
and curators are frozen with the credits: as long as the order names the same, nothing re-prices it. Estimates are
written by commissions, which knows prices. Used by commissions, pipeline, insights and payouts.
"""
