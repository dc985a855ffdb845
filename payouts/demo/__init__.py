"""The demo: three invented stores, two communities, a month of clicks and orders, one payout and a refund after it.

`story` says who and what, `drawings` draws the things, `world` builds what stands, `month` imagines what happens,
`seed` tells it to Etalase day by day, `store` is the stores' stand-in site. Absent in production.
"""
