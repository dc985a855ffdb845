"""A community's shop window: collections of picks, the portal where they are curated, the public pages under /c/.

Tables: `collections` (one slug a community; drafts are seen by curators only) and `picks` (a product once on a shelf;
each pick owns a tracking link, so that the same product on two shelves is told apart). Positions are renumbered under
a lock on the shelf. A withdrawn pick stays with its link and can be brought back.
Imported by nobody below `conversions`; pages above fill its slots `storefront.top`, `storefront.below_pick` and
`storefront.bottom` through app.py.
"""
