"""Where owners are paid: their bank accounts, as they gave them.

Table `payout_accounts`: append-only, the newest row of an owner and currency counts, each leaves an audit entry.
A payout keeps the text of the account as it stood at planning, so a change never moves money under way.
Owners: "community:<id>" (changed by the community's owner), "curator:<id>" (by the curator alone). Read by runs.
"""
