"""Webhooks out, rank 4: what happened here, told to the programs of communities and stores.

Tables: webhook_endpoints (whose address hears what), webhook_messages (one an endpoint and fact: the very bytes that
are signed), webhook_tries (each sending with its answer). A room above hands facts to `announcing.announce` inside the
transaction of the fact, so that what was rolled back is never told and what was kept always is. `jobs` sends: claim,
commit, call in a thread, record. Whoever dies between the call and the record sends again, with the same webhook-id.
"""
