"""What every test runs under."""

from hypothesis import settings

settings.register_profile("tideline", deadline=None)  # no timed assertions, on any machine
settings.load_profile("tideline")
