"""What people read of the books: balances and statements of communities, what stores owe, the trial balance. Read-only.

No tables. Every figure is a sum of postings and opens to the rows that it sums. Nobody imports it but `app.py`.
"""
