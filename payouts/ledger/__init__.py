"""The books: accounts, balanced entries that are sealed, balances as sums. Knows core only, and no business noun.

Tables: ledger_accounts, ledger_entries, postings. A debit is positive, a credit negative. Invariants, held by triggers
on both engines: a sealed entry has two legs or more that sum to zero; nothing of it is ever changed or deleted. No
balance is stored. Everybody in `payouts` may import it; who posts what for which event stands in `booking`.
"""
