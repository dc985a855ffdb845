"""Orders, rank 4: what merchants told us, and the order that follows from it.

Tables: deliveries (raw, once by merchant, kind and the sender's id), order_events (the set of distinct things told),
orders with order_lines and order_refunds (the fold over that set, rewritten whenever one is added). An order depends on
the set alone: not on the order of arrival, not on repeats. Intake only verifies (`schemes`, one a shop system) and
inserts; `service.work` reads (`adapters`, one a shop system) and folds for the pipeline. What had a wrong signature is
only counted (refused_requests). `files` reads tables that people send and hands them over as deliveries; `readings`
says how those meet what webhooks told. Imported by conversions and all rooms above.
"""
