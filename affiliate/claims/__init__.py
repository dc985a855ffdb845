"""Claims: a community asks for an order that was not counted, the store answers by a clock, the outcome is booked."""
