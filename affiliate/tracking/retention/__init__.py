"""What points to a person does not stay. Cheap when nothing is due, bounded when something is.

Clicks older than 13 months lose visitor, trail and referrer; that a click happened, on which link and whether it
counted, stays. Lines that were set aside, which hold such pseudonyms too, go with their file after 30 days.
"""
