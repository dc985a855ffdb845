"""For a store's developers, rank 9: how the click token gets into an order, and a test of the whole way.

Table: link_tests, one row a try of "test my link". Guides are templates, filled with the store's own click parameter
and address; `example` is a signed message to compare with. A test follows a link of the sandbox, a community of the
house's own that is in no programme: what such a link brings can never be credited or booked, whatever becomes of it.
The visit goes through the real redirect, the order through the real webhook and pipeline. Stands above the conveyor
because it looks at all of it; imported by nobody.
"""
