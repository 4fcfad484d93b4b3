"""Primary authentication: for everybody, without a credential, a scope or a right."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.authn import PATHS
from labserver.domain.operations.operation import Operation


def of_authn() -> Iterator[Operation]:
    """Every step of a sign-in; a valid API token marks a trusted caller, and opens nothing."""
    for path in dict.fromkeys(PATHS.values()):
        yield Operation("POST", path, None, "public")
        if path.endswith(("verify/resend", "lifecycle/resend")):
            yield Operation("POST", f"{path}/{{factor_type}}", None, "public")
