"""Primary authentication over JSON, all on one blueprint (Okta: /authn)."""

from labserver.web.authn import factors, recovery, signing_in
from labserver.web.authn.blueprint import authn
from labserver.web.authn.recovery import RESET_PAGE, UNLOCK_PAGE
from labserver.web.authn.signing_in import by_credentials

__all__ = [
    "RESET_PAGE",
    "UNLOCK_PAGE",
    "authn",
    "by_credentials",
    "factors",
    "recovery",
    "signing_in",
]
