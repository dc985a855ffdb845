"""Insights, rank 9: what a community's manager and a store's staff see first in the morning. Reads only, no tables.

`rules` periods, rates, the funnel's arithmetic (pure) · `communities`, `stores` the overviews' figures · `funnel`
views → clicks → orders → completed → refunded by day, collection, pick, store or community · `reports` a funnel with
its names, sums and the time before · `tables`, `addresses`, `words` how its page and its file show it · `places` which
communities and stores somebody works for · `panels` what fills the navigation and the start page. Everything in a fixed
number of queries, clicks and views only from their sums by the hour. Nobody imports this room but app.py; balances come
in through the slots `portal.home` and `merchant.home`.
"""
