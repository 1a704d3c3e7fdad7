from __future__ import annotations

from hypothesis import settings

# How long an example takes depends on who else uses the machine, and is no property of the code.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")
