"""A module that loads slowly, like an SDK."""

import time

time.sleep(0.3)
