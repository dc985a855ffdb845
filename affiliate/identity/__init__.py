"""Identity, rank 1: people, their browser sessions, programs' keys, who may do what, and what was done.

Tables: users, user_sessions, password_links, api_keys, grants, audit_entries (append-only). Secrets are kept as hashes,
passwords by argon2id; session tokens, links and keys by SHA-256. A session ends when its row is revoked. Nobody
gets a password from us: a one-time link lets its person choose one. The API takes keys and never a cookie. Guards stand
on every route; a route without one is closed. `service` holds what signing in needs, `passwords` and `people` the verbs
of the operator's pages, `audit` the words of the log: whoever records a new deed names it there. `Actor` is what the
rooms above get to see of all this; names of communities and stores come back through `scopes`, which app.py fills.
Importable by every other room.
"""
