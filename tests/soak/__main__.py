"""See command.py."""

import sys

from tests.soak.command import main

sys.exit(main())
