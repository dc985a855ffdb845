"""Catalogue: what merchants sell, and the files that told us.

`products` (one a merchant and sku; withdrawn, never deleted, as picks point to them), `catalogue_uploads` (one
delivered file with its progress), `upload_row_errors`, `staged_products` (good rows of a file under way),
`saved_mappings`.

A file is stored first and read by `jobs` in batches; what a batch found and how far it came are one transaction, so
that a killed reader goes on where it was. Only `merging` writes products, once a file and in few statements.
`readers` know files and no database; `rules`, `prices` and `addresses` are pure. Rooms above use `queries.search`,
`queries.product_for` and the models.
"""
