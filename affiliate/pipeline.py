"""The conveyor: the one module that knows the order of the rooms from delivery to commission."""
