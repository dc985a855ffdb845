"""What was booked and paid: reads `commission_events`, keeps the books, pays, reports."""
