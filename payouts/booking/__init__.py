"""From facts to books: the chart's recipes, and the job that books every commission event once.

`chart` has one pure recipe a business event; `funding` decides which events the receipts of a merchant cover; `service`
books them. Table: booking_marks, a reading mark that can be thrown away. Invariants: every commission event is booked
exactly once and exactly as it stands; what awaits a merchant's money is not payable. Receivables, runs and reports may
import it.
"""
