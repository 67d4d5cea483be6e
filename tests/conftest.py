"""What every test runs under."""

import os

from hypothesis import settings

settings.register_profile("tideline", deadline=None)  # no timed assertions, on any machine
settings.load_profile("tideline")

os.environ.pop("COLUMNS", None)  # tests run side by side are told the width of no terminal
