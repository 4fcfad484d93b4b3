"""No id in a path makes the management API stumble; bodies and queries: tests/security."""

from __future__ import annotations

import httpx


def test_odd_ids_are_nobodys(admin: httpx.Client) -> None:
    for odd in ("%00", "%ff", "%ED%A0%80", "a" * 3000, "..", "'", "*", "00u%20x"):
        assert admin.get(f"/api/v1/apps/{odd}").status_code in (404, 405)
        assert admin.get(f"/api/v1/users/{odd}").status_code in (200, 404)
