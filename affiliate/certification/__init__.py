"""A sandbox in which a store tries its order messages, rank 9: a checklist, what was wrong in words, and a badge.

Tables: sandbox_keys (one a store and shop system), sandbox_deliveries (requests as they came, wrong signatures too,
bounded), certifications (append-only: who passed which checklist when). They come in at an address of their own with a
secret of their own; what we make of them is reckoned by the real adapters, fold and prices, and nothing of it reaches
orders, conversions or the books. Every step of the checklist is a pure function of the recorded requests.
"""
