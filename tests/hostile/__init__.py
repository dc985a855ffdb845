"""No input, however hostile, gives a 500: every route, every method, every field, as those who may use them."""
