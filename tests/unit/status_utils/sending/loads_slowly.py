"""A module that takes its time to load, as an SDK does."""

import time

time.sleep(0.3)
