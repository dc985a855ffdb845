"""Communities, how they look, and whose picks earn.

Tables: `communities`, `brands` (one row a community), `brand_images` (logos as WebP, by their hash, never changed) and
`curators` (one handle a community). Who may steer a community stands in identity's grants. Contrast is computed in
`rules`, so that no brand can make a page unreadable. Every room above may import this one.
"""
