"""The demo (see seed)."""
