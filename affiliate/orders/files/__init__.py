"""Order files: a merchant's history or month as a table, read, compared with what we know, and applied.

A file passes a person twice: once where its columns or words can mean two things, once before it is applied. What is
applied are deliveries like those of webhooks, one an order, with the rows that they come from (ADR 0018).
"""
