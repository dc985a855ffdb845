"""Read by every Python process of a server under test: moves its clock ahead by SHIFT_DAYS, so that a hold can pass."""

import datetime
import os

import time_machine

_days = int(os.environ.get("SHIFT_DAYS", "0"))
if _days:
    time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=_days), tick=True).start()
