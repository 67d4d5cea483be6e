"""What a route may ask to be given besides its parameters: the service, and who is asking."""

from __future__ import annotations

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from tideline.serve.caller import Caller
from tideline.serve.service import Service

Serving = NamedDependency[SkipValidation[Service]]
Asker = NamedDependency[SkipValidation[Caller]]
