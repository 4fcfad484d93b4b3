"""The authorization request: its checks in order, and what happens next (RFC 6749 §4.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from typing import Literal

from labserver.domain.errors import Refusal
from labserver.domain.values import Client

ResponseMode = Literal["query", "fragment", "form_post", "okta_post_message"]
RESPONSE_MODES: tuple[ResponseMode, ...] = ("query", "fragment", "form_post", "okta_post_message")
RESPONSE_TYPES = frozenset({"code", "token", "id_token"})
PROMPTS: tuple[Set[str], ...] = (
    set(),
    {"none"},
    {"login"},
    {"consent"},
    {"login", "consent"},
)

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]+")
_VISIBLE = re.compile(r"[\x20-\x7e]{1,2048}")


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    """The parameters of an authorization request. None: not sent, or sent without a value."""

    client_id: str | None = None
    redirect_uri: str | None = None
    response_type: str | None = None
    response_mode: str | None = None
    scope: str | None = None
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    prompt: str | None = None
    max_age: str | None = None
    login_hint: str | None = None
    request: str | None = None
    twice: frozenset[str] = frozenset()
    """Names that came more than once."""

    @property
    def response_types(self) -> frozenset[str]:
        """What the answer shall hold: a set out of `code`, `token`, `id_token`."""
        return frozenset((self.response_type or "").split(" ")) - {""}

    @property
    def prompts(self) -> frozenset[str]:
        """The words of `prompt`."""
        return frozenset((self.prompt or "").split(" ")) - {""}

    @property
    def grant_type(self) -> str:
        """The grant type that policies judge: `implicit` when no code is asked for."""
        return "authorization_code" if "code" in self.response_types else "implicit"


REMEMBERED = tuple(name for name in AuthorizeRequest.__slots__ if name != "twice")
"""The parameters that a parked request keeps."""


def from_pairs(pairs: Iterable[tuple[str, str]]) -> AuthorizeRequest:
    """The request out of decoded name-value pairs; a parameter without a value is absent.

    Unknown parameters are ignored, a name that comes twice is noted (RFC 6749 §3.1).
    """
    values: dict[str, str] = {}
    twice: set[str] = set()
    for name, value in pairs:
        if name in values:
            twice.add(name)
        elif value:
            values[name] = value
    known = {name: values[name] for name in REMEMBERED if name in values}
    return AuthorizeRequest(**known, twice=frozenset(twice))


def answer_mode(request: AuthorizeRequest) -> ResponseMode:
    """How an answer travels: the mode asked for where it is fit, else the type's own one."""
    in_fragment = bool(request.response_types & {"token", "id_token"})
    for mode in RESPONSE_MODES:
        if mode == request.response_mode and not (mode == "query" and in_fragment):
            return mode
    return "fragment" if in_fragment else "query"


# The checks whose failure is shown to the person: there is nobody safe to redirect to.


def client_is_known(request: AuthorizeRequest, client: Client | None) -> None:
    """The client exists, is active and was named once."""
    if client is None or "client_id" in request.twice:
        raise Refusal("invalid_client", "Invalid value for 'client_id' parameter.")


def client_may_send_people(request: AuthorizeRequest, client: Client | None) -> None:
    """The client is one that signs people in."""
    if client is not None and client.application_type == "service":
        raise Refusal(
            "invalid_request",
            "Clients with 'application_type' of 'service' are not allowed to access the "
            "'authorize' endpoint.",
        )


def redirect_uri_is_registered(request: AuthorizeRequest, client: Client | None) -> None:
    """The redirect URI equals a registered one, byte for byte (RFC 9700 §2.1)."""
    registered = client.redirect_uris if client is not None else ()
    if request.redirect_uri not in registered or "redirect_uri" in request.twice:
        raise Refusal(
            "invalid_request",
            "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
        )


SHOWN_TO_THE_PERSON: tuple[Callable[[AuthorizeRequest, Client | None], None], ...] = (
    client_is_known,
    client_may_send_people,
    redirect_uri_is_registered,
)


# The checks whose failure is sent to the client.


def no_parameter_came_twice(request: AuthorizeRequest, client: Client) -> None:
    """Each parameter came at most once (RFC 6749 §3.1)."""
    if request.twice:
        raise Refusal(
            "invalid_request", "The request contained multiple parameters with the same name."
        )


def no_request_object(request: AuthorizeRequest, client: Client) -> None:
    """No signed request object came: this server takes none (RFC 9101)."""
    if request.request is not None:
        raise Refusal(
            "request_not_supported", "The 'request' parameter is not supported by this server."
        )


def response_type_is_allowed(request: AuthorizeRequest, client: Client) -> None:
    """The response type is a known set, and the client may ask for all of it."""
    types = request.response_types
    if not types:
        raise Refusal("invalid_request", "The 'response_type' parameter is required.")
    allowed = set(client.response_types)
    if "authorization_code" not in client.grant_types:
        allowed -= {"code"}
    if "implicit" not in client.grant_types:
        allowed -= {"token", "id_token"}
    if not types <= allowed & RESPONSE_TYPES:
        raise Refusal(
            "unsupported_response_type",
            "The response type is not supported by the authorization server. "
            f"Configured response types: [{', '.join(sorted(allowed))}].",
        )


def response_mode_is_fit(request: AuthorizeRequest, client: Client) -> None:
    """The response mode is known, and no token would travel in a query."""
    if request.response_mode is None:
        return
    if request.response_mode not in RESPONSE_MODES:
        raise Refusal(
            "unsupported_response_mode",
            "The response mode is not supported by the authorization server. "
            f"Valid response modes: [{', '.join(RESPONSE_MODES)}].",
        )
    if request.response_mode == "query" and request.response_types & {"token", "id_token"}:
        raise Refusal(
            "unsupported_response_mode",
            "'query' response mode cannot be used with either the 'id_token' or 'token' "
            "response types.",
        )


def state_is_sound(request: AuthorizeRequest, client: Client) -> None:
    """`state` is there and made of visible ASCII (Okta requires it; RFC 6749 appendix A.5)."""
    if request.state is None or not _VISIBLE.fullmatch(request.state):
        raise Refusal(
            "invalid_request", "The authentication request has an invalid 'state' parameter."
        )


def nonce_is_there(request: AuthorizeRequest, client: Client) -> None:
    """`nonce` comes with every request for a token from this endpoint."""
    if request.response_types & {"token", "id_token"} and request.nonce is None:
        raise Refusal(
            "invalid_request",
            "The 'nonce' parameter is required for authorize requests with either the 'id_token' "
            "or 'token' response types..",
        )
    if request.nonce is not None and not _VISIBLE.fullmatch(request.nonce):
        raise Refusal("invalid_request", "The 'nonce' parameter must be visible ASCII characters.")


def pkce_is_s256(request: AuthorizeRequest, client: Client) -> None:
    """A challenge is there where the client needs one, and it is S256 (RFC 7636 §4.3)."""
    if "code" not in request.response_types:
        return
    if request.code_challenge is None:
        if client.pkce_required or not client.confidential:
            raise Refusal("invalid_request", "PKCE code challenge is required by the application.")
        if request.code_challenge_method is None:
            return
    if request.code_challenge_method != "S256":
        raise Refusal(
            "invalid_request", "PKCE code challenge method is not supported. Valid values: [S256]"
        )
    if request.code_challenge is None or not _CHALLENGE.fullmatch(request.code_challenge):
        raise Refusal("invalid_request", "PKCE code challenge contains illegal characters.")
    if len(request.code_challenge) != 43:
        raise Refusal(
            "invalid_request",
            "PKCE code challenge must be 43 characters: the base64url form of a SHA-256 digest.",
        )


def prompt_is_sound(request: AuthorizeRequest, client: Client) -> None:
    """`prompt` is one of the documented combinations (OpenID Connect Core §3.1.2.1)."""
    if request.prompts not in PROMPTS:
        raise Refusal(
            "invalid_request",
            "The 'prompt' parameter is invalid. Valid values: [none, login, consent, login "
            "consent]; 'none' stands alone.",
        )


def max_age_is_sound(request: AuthorizeRequest, client: Client) -> None:
    """`max_age` is a number of seconds, and not zero where no page may be shown."""
    if request.max_age is None:
        return
    if not (request.max_age.isascii() and request.max_age.isdigit()) or (
        len(request.max_age) > 10 or int(request.max_age) > 2**31 - 1
    ):
        raise Refusal(
            "invalid_request", "The 'max_age' parameter must be a number from 0 to 2147483647."
        )
    if int(request.max_age) == 0 and "none" in request.prompts:
        raise Refusal(
            "invalid_request",
            "'prompt' parameter must not have the value 'none' for request with 'zero' as max_age.",
        )


SENT_TO_THE_CLIENT: tuple[Callable[[AuthorizeRequest, Client], None], ...] = (
    no_parameter_came_twice,
    no_request_object,
    response_type_is_allowed,
    response_mode_is_fit,
    state_is_sound,
    nonce_is_there,
    pkce_is_s256,
    prompt_is_sound,
    max_age_is_sound,
)


def why_sign_in(
    request: AuthorizeRequest, auth_time: int | None, now: int, *, just_signed_in: bool
) -> str:
    """Why the person must sign in, or sign in again; empty when the session will do.

    `auth_time` is when the session's person signed in (seconds), None without a session;
    `just_signed_in`: they did so for this very request.
    """
    if auth_time is None:
        return "Nobody is signed in."
    if just_signed_in:
        return ""
    if "login" in request.prompts:
        return "The client asked for a fresh sign-in (prompt=login)."
    if request.max_age is not None and now - auth_time >= max(int(request.max_age), 1):
        return f"The sign-in is older than max_age={request.max_age} seconds."
    return ""


def no_page_allowed(request: AuthorizeRequest, auth_time: int | None) -> None:
    """Refuse a silent request that would need a sign-in page."""
    if "none" not in request.prompts:
        return
    if auth_time is None:
        raise Refusal(
            "login_required", "The client specified not to prompt, but the user is not logged in."
        )
    raise Refusal(
        "login_required",
        "The client specified not to prompt, but the client app requires re-authentication or MFA.",
    )


def assignment_is_there(assigned: bool) -> None:
    """Refuse a person who is not assigned to the app, at org and custom servers alike."""
    if not assigned:
        raise Refusal(
            "access_denied",
            "User is not assigned to the client application.",
            name="user_not_assigned",
            check="person is assigned to the app",
        )
