"""What all tests share."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("project", deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
settings.load_profile("project")


def require(condition: object, reason: str) -> None:
    """Skip a test where something of the system is missing; with ``COURSEWORK_REQUIRE_ALL=1`` that is a failure."""
    if condition:
        return
    if os.environ.get("COURSEWORK_REQUIRE_ALL") == "1":
        pytest.fail(f"needed here: {reason}")
    pytest.skip(reason)
