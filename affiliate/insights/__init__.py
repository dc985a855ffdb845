"""Insights, rank 9: what a community's manager and a store's staff see first in the morning. Reads only, no tables.

`rules` periods and rates (pure) · `communities`, `stores` the figures, each in a fixed number of queries · `places`
which communities and stores somebody works for · `panels` what fills the navigation and the start page. Nobody imports
this room but app.py; balances come in through the slots `portal.home` and `merchant.home`.
"""
