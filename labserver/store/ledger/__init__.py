"""What has been issued or parked; each one-time thing is claimed by one conditional statement.

Secrets rest as SHA-256. Times are whole seconds since the epoch, `now` among them.
"""

from labserver.store.core import digest
from labserver.store.ledger.codes import Code, claim_code, find_code, save_code
from labserver.store.ledger.consents import consent, consented
from labserver.store.ledger.credentials import (
    ApiTokenUse,
    Proven,
    claim_assertion,
    claim_session_token,
    end_api_tokens,
    find_api_token,
    save_api_token,
    save_session_token,
)
from labserver.store.ledger.families import (
    Family,
    find_family,
    is_revoked,
    new_family_id,
    open_family,
    revoke_family,
    revoke_jti,
    revoke_user,
)
from labserver.store.ledger.parked import (
    Parked,
    answer_parked,
    claim_parked,
    park,
    parked,
)
from labserver.store.ledger.refreshing import (
    Refresh,
    find_refresh,
    is_reuse,
    rotate_refresh,
    save_refresh,
    touch_refresh,
)
from labserver.store.ledger.sessions import (
    SignedIn,
    end_session,
    end_sessions,
    find_session,
    prolong_session,
    session_of_id,
    start_session,
    touch_session,
)

__all__ = [
    "ApiTokenUse",
    "Code",
    "Family",
    "Parked",
    "Proven",
    "Refresh",
    "SignedIn",
    "answer_parked",
    "claim_assertion",
    "claim_code",
    "claim_parked",
    "claim_session_token",
    "consent",
    "consented",
    "digest",
    "end_api_tokens",
    "end_session",
    "end_sessions",
    "find_api_token",
    "find_code",
    "find_family",
    "find_refresh",
    "find_session",
    "is_reuse",
    "is_revoked",
    "new_family_id",
    "open_family",
    "park",
    "parked",
    "prolong_session",
    "revoke_family",
    "revoke_jti",
    "revoke_user",
    "rotate_refresh",
    "save_api_token",
    "save_code",
    "save_refresh",
    "save_session_token",
    "session_of_id",
    "start_session",
    "touch_refresh",
    "touch_session",
]
