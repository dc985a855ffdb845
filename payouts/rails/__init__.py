"""The ways by which money leaves: one module a rail, all with the same two verbs (`base.Rail`).

Knows core only: neither owners nor runs. A rail is handed an instruction and a key; the key makes repeating harmless.
No rail is called while a database transaction is open.
"""
