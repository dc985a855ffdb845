"""What was earned: from a partner's catalogue to `commission_events`. Never imports payouts."""
