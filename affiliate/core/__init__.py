"""Core, rank 0: what every room stands on, and no business noun.

settings · db and `transaction()` · money · clock · errors · signing · ids · web helpers · i18n · slots · API frame ·
idempotency keys · headers · browser assets · streams of csv. Imports packages only.
"""
