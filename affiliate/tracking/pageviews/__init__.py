"""Views of shop windows: recorded without script, cookie or a wait for the database.

    page shown  →  slot "storefront.shown"  →  one line in this process's file under spool/views  →  the answer
    job "views"  →  whole lines, in batches, each view once  →  shown_pages, shown_links, page_views, hours due

A line says which links stood on the page, so that what a pick was shown is counted, not guessed. Robots, HEAD,
prefetched and embedded pages are not views; neither are curators' looks at their own window.
"""
