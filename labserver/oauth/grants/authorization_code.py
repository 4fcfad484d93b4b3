"""The token half of the authorization code grant, with PKCE."""

from __future__ import annotations

import re
from typing import Any

from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge

from labserver.domain.errors import Refusal
from labserver.domain.proofs import code_challenge
from labserver.domain.scopes import app_holds_api_grants
from labserver.domain.tokens import Access
from labserver.oauth.client_auth import RegisteredClient
from labserver.oauth.grants import PERSON, Issues
from labserver.oauth.issuing import Lifetimes, issue, open_refresh, server_of
from labserver.store import ledger, loaders

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")

DEAD_CODE = "The authorization code is invalid or has expired."

# The checks by name, as the server's reasons list them.
ISSUED_TO = "code was issued to this client, by this server"
SAME_REDIRECT = "redirect_uri is the one of the authorization request"
UNUSED = "code is unused and not expired"
VERIFIER_FITS = "PKCE verifier fits the challenge"


class FoundCode:
    """A code as Authlib asks about it."""

    def __init__(self, value: ledger.Code) -> None:
        self.value = value

    def get_redirect_uri(self) -> str:
        """The redirect URI that the code was sent to."""
        return self.value.redirect_uri

    def get_scope(self) -> str:
        """The granted scopes."""
        return " ".join(self.value.scopes)


class AuthorizationCode(Issues, grants.AuthorizationCodeGrant):
    """RFC 6749 §4.1.3: a code becomes tokens, once."""

    def query_authorization_code(self, code: str, client: RegisteredClient) -> FoundCode:
        """The code, if it is for this client, server and redirect URI; raises `Refusal`."""
        found = ledger.find_code(self.context.session, code)
        if found is None:
            raise Refusal("invalid_grant", DEAD_CODE, check="code is one of this server")
        if found.server_id != server_of(self.context).id:
            raise Refusal(
                "invalid_request",
                "The grant was issued for another authorization server.",
                check=ISSUED_TO,
            )
        if found.client_id != client.value.id:
            raise Refusal(
                "invalid_grant",
                "The grant was issued to another client. Please make sure the 'client_id' "
                "matches the one used at the authorize request.",
                check=ISSUED_TO,
            )
        self.context.passed(ISSUED_TO)
        if self.request.form.get("redirect_uri") != found.redirect_uri:
            raise Refusal(
                "invalid_grant",
                "The 'redirect_uri' does not match the redirection URI used in the "
                "authorization request.",
                check=SAME_REDIRECT,
            )
        self.context.passed(SAME_REDIRECT)
        return FoundCode(found)

    def authenticate_user(self, authorization_code: FoundCode) -> Any:
        """The person who signed in, after the code was claimed: no other request can use it."""
        code = authorization_code.value
        if code.expires <= self.context.now or not ledger.claim_code(
            self.context.session, code, self.context.now
        ):
            self._end_what_it_gave(code)
            raise Refusal("invalid_grant", DEAD_CODE, check=UNUSED)
        self.context.passed(UNUSED)
        return self.living_user(code.user_id, Refusal("invalid_grant", DEAD_CODE, check=PERSON))

    def generate_token(self, **_: Any) -> dict[str, Any]:
        """The token response; policy was decided when the code was made."""
        context, client = self.context, self.registered
        code = self.request.authorization_code.value
        user = self.request.user
        app_holds_api_grants(server_of(context), client, code.scopes, self.GRANT_TYPE)
        access = Access(
            grant_type=self.GRANT_TYPE,
            scopes=code.scopes,
            user=user,
            app_username=loaders.app_username(context.session, client.id, user),
            auth_time=code.auth_time,
            amr=code.amr,
            nonce=code.nonce,
            family=code.family,
        )
        lifetimes = Lifetimes(
            code.access_token_minutes, code.refresh_token_minutes, code.refresh_window_minutes
        )
        refresh = None
        if "offline_access" in code.scopes and "refresh_token" in client.grant_types:
            refresh = open_refresh(context, client, access, lifetimes, code.family)
        return issue(context, client, access, lifetimes, refresh_token=refresh)

    def delete_authorization_code(self, authorization_code: FoundCode) -> None:
        """Nothing: a used code is kept, so that its second use is noticed."""

    def _end_what_it_gave(self, code: ledger.Code) -> None:
        """Revoke every token that the first use gave (RFC 6749 §4.1.2)."""
        if not code.used and code.expires <= self.context.now:
            return
        ledger.revoke_family(self.context.session, code.family, self.context.now)
        self.context.note(
            UNUSED,
            "failed",
            "It was used before: the tokens that it gave are revoked.",
        )


class S256Challenge(CodeChallenge):
    """RFC 7636 §4.6, with S256 as the only method and Okta's words."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_verifier(self, grant: AuthorizationCode, result: Any) -> None:
        """Raise `Refusal` unless verifier and challenge belong together."""
        verifier = grant.request.form.get("code_verifier")
        challenge = grant.request.authorization_code.value.code_challenge
        if challenge is None:
            if verifier is not None:
                raise Refusal(
                    "invalid_request",
                    "PKCE code challenge should be specified in the authorize request for code "
                    "verification.",
                    check=VERIFIER_FITS,
                )
            grant.context.note(VERIFIER_FITS, "skipped", "No challenge was sent.")
            return
        if verifier is None:
            raise Refusal(
                "invalid_request",
                "PKCE code verifier is required by the application.",
                check=VERIFIER_FITS,
            )
        if not _VERIFIER.fullmatch(verifier) or code_challenge(verifier) != challenge:
            raise Refusal("invalid_grant", "PKCE verification failed.", check=VERIFIER_FITS)
        grant.context.passed(VERIFIER_FITS, "S256")
