"""Every parameter, header and claim of the flows in one plain line, and where it is specified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["request", "answer", "header", "claim", "jose"]


@dataclass(frozen=True)
class Entry:
    """One name as it appears on the wire: what it is for, and the section that says so."""

    name: str
    kind: Kind
    meaning: str
    section: str


# Parameters of queries and forms: what a client, an API or a browser sends.
_REQUEST = (
    (
        "response_type",
        "What the app wants back from the authorize endpoint; `code` today.",
        "RFC 6749 §3.1.1",
    ),
    ("client_id", "Which app is asking; a public name, not a secret.", "RFC 6749 §2.2"),
    (
        "client_secret",
        "The app's password; only apps that run on a server can keep one.",
        "RFC 6749 §2.3.1",
    ),
    (
        "redirect_uri",
        "Where the browser is sent back to; compared letter by letter with the registered ones.",
        "RFC 6749 §3.1.2",
    ),
    ("scope", "The permissions asked for, separated by spaces.", "RFC 6749 §3.3"),
    (
        "state",
        "A value only this browser and the app know, so that the app recognises its own request.",
        "RFC 6749 §10.12",
    ),
    (
        "response_mode",
        "How the answer travels: query, fragment, a posted form or a window message.",
        "OAuth 2.0 Multiple Response Types §2.1",
    ),
    (
        "nonce",
        "A fresh value that comes back inside the ID token and ties it to this sign-in.",
        "OpenID Connect Core §3.1.2.1",
    ),
    (
        "prompt",
        "Whether the person must, or must not, see the sign-in or consent page.",
        "OpenID Connect Core §3.1.2.1",
    ),
    (
        "max_age",
        "How many seconds ago the person may have signed in at most.",
        "OpenID Connect Core §3.1.2.1",
    ),
    (
        "login_hint",
        "The username that the app expects; it fills in the sign-in form.",
        "OpenID Connect Core §3.1.2.1",
    ),
    (
        "acr_values",
        "How strongly the person should sign in, best first.",
        "OpenID Connect Core §3.1.2.1",
    ),
    (
        "display",
        "How the sign-in page should be shown; passed on to a social provider.",
        "OpenID Connect Core §3.1.2.1",
    ),
    ("ui_locales", "The languages the person reads, best first.", "OpenID Connect Core §3.1.2.1"),
    (
        "id_token_hint",
        "An ID token from before: this is the person the request is about.",
        "OpenID Connect Core §3.1.2.1",
    ),
    (
        "code_challenge",
        "The hash of a secret that the app keeps until it redeems the code.",
        "RFC 7636 §4.3",
    ),
    (
        "code_challenge_method",
        "How the challenge was made from the verifier; `S256` is a SHA-256 hash.",
        "RFC 7636 §4.3",
    ),
    (
        "code_verifier",
        "The secret behind the challenge; shows that the redeemer is the one who asked.",
        "RFC 7636 §4.5",
    ),
    (
        "request",
        "The whole request as a signed JWT, so that nobody can edit it on the way.",
        "RFC 9101 §5.1",
    ),
    ("request_uri", "A reference to a request that the server already holds.", "RFC 9126 §4"),
    ("resource", "The address of the API that the token is for.", "RFC 8707 §2"),
    (
        "sessionToken",
        "A one-time proof of a sign-in through the authn API; no sign-in page is shown.",
        "Okta: authorize",
    ),
    ("idp", "Sends the person to this outside identity provider.", "Okta: authorize"),
    ("idp_scope", "Scopes for the outside identity provider.", "Okta: authorize"),
    (
        "okta_key",
        "A reference to the authorization request that waits while the person signs in.",
        "Okta: sign-in redirect",
    ),
    ("fromURI", "Where to go on after the sign-in page.", "Okta: sign-in redirect"),
    ("grant_type", "Which way of getting a token this is.", "RFC 6749 §4"),
    ("code", "The one-time voucher that the app trades for tokens.", "RFC 6749 §4.1.3"),
    ("refresh_token", "The long-lived token, traded for a new access token.", "RFC 6749 §6"),
    (
        "username",
        "Whom the person says they are; only the lab's own page should ever ask.",
        "RFC 6749 §4.3.2",
    ),
    (
        "password",
        "The person's password; an app that sees it could do anything with it.",
        "RFC 6749 §4.3.2",
    ),
    (
        "client_assertion",
        "A signed JWT by which the app proves who it is without sending a secret.",
        "RFC 7523 §2.2",
    ),
    ("client_assertion_type", "Says that the assertion is a JWT.", "RFC 7523 §2.2"),
    ("assertion", "A signed statement traded for a token.", "RFC 7523 §2.1"),
    (
        "device_code",
        "The device's half of a sign-in that happens on another screen.",
        "RFC 8628 §3.4",
    ),
    ("user_code", "The short code a person types on another screen.", "RFC 8628 §3.3"),
    ("subject_token", "The token to exchange: it says on whose behalf.", "RFC 8693 §2.1"),
    ("subject_token_type", "What kind of token the subject token is.", "RFC 8693 §2.1"),
    ("actor_token", "A token of whoever acts on behalf of the subject.", "RFC 8693 §2.1"),
    ("actor_token_type", "What kind of token the actor token is.", "RFC 8693 §2.1"),
    ("requested_token_type", "What kind of token the exchange should give.", "RFC 8693 §2.1"),
    ("audience", "Which API the exchanged token is meant for.", "RFC 8693 §2.1"),
    ("token", "The token in question: to be introspected or revoked.", "RFC 7662 §2.1"),
    (
        "token_type_hint",
        "Where the server should look first; a wrong hint does no harm.",
        "RFC 7009 §2.1",
    ),
    (
        "post_logout_redirect_uri",
        "Where the browser goes after signing out; registered like a redirect URI.",
        "OpenID Connect RP-Initiated Logout §2",
    ),
)

# Members of JSON answers, and parameters that come back through the browser.
_ANSWER = (
    (
        "code",
        "The one-time voucher; it lives five minutes and is good for one redemption.",
        "RFC 6749 §4.1.2",
    ),
    (
        "state",
        "The app's own value, returned unchanged: compare it before anything else.",
        "RFC 6749 §4.1.2",
    ),
    (
        "iss",
        "Which authorization server answers; guards against mixing two of them up.",
        "RFC 9207 §2",
    ),
    (
        "session_state",
        "A value by which a page can notice that the sign-in has ended.",
        "OpenID Connect Session Management §2",
    ),
    ("error", "What was refused, as a short fixed word for programs.", "RFC 6749 §5.2"),
    ("error_description", "The refusal in words, for the developer.", "RFC 6749 §5.2"),
    ("error_uri", "A page about the refusal.", "RFC 6749 §5.2"),
    ("access_token", "The token that opens the API. Only the API should read it.", "RFC 6749 §5.1"),
    (
        "token_type",
        "How to send the token; `Bearer` means whoever holds it may use it.",
        "RFC 6749 §7.1",
    ),
    ("expires_in", "For how many seconds the token is good.", "RFC 6749 §5.1"),
    (
        "refresh_token",
        "Gets new access tokens without the person; keep it safer than the others.",
        "RFC 6749 §1.5",
    ),
    (
        "id_token",
        "A signed statement to the app about who signed in; not for APIs.",
        "OpenID Connect Core §3.1.3.3",
    ),
    (
        "scope",
        "The permissions that were granted, which may differ from those asked for.",
        "RFC 6749 §5.1",
    ),
    ("issued_token_type", "What kind of token the exchange gave.", "RFC 8693 §2.2.1"),
    (
        "device_secret",
        "A secret that lets other apps of the same device sign in.",
        "Okta: device SSO",
    ),
    ("device_code", "The device keeps this and polls with it.", "RFC 8628 §3.2"),
    ("user_code", "The short code to show to the person.", "RFC 8628 §3.2"),
    ("verification_uri", "Where the person types the code.", "RFC 8628 §3.2"),
    ("verification_uri_complete", "The same address with the code filled in.", "RFC 8628 §3.2"),
    ("interval", "How many seconds to wait between two polls.", "RFC 8628 §3.2"),
    (
        "request_uri",
        "A reference to the pushed request; it starts one authorization.",
        "RFC 9126 §2.2",
    ),
    (
        "active",
        "Whether the token is good right now; if not, nothing else is said.",
        "RFC 7662 §2.2",
    ),
    ("client_id", "The app that the token was issued to.", "RFC 7662 §2.2"),
    ("username", "The person behind the token, in words for people.", "RFC 7662 §2.2"),
    (
        "keys",
        "The public keys by which anybody can check this server's signatures.",
        "RFC 7517 §5.1",
    ),
    ("issuer", "The server's exact name; every token's `iss` must equal it.", "RFC 8414 §2"),
    ("authorization_endpoint", "Where the browser goes to sign in and consent.", "RFC 8414 §2"),
    ("token_endpoint", "Where the app trades codes and credentials for tokens.", "RFC 8414 §2"),
    ("jwks_uri", "Where the server publishes its keys.", "RFC 8414 §2"),
    (
        "userinfo_endpoint",
        "Where an access token with `openid` gets facts about the person.",
        "OpenID Connect Discovery §3",
    ),
    ("introspection_endpoint", "Where to ask whether a token is still good.", "RFC 8414 §2"),
    ("revocation_endpoint", "Where to end a token.", "RFC 8414 §2"),
    (
        "end_session_endpoint",
        "Where the browser goes to sign out.",
        "OpenID Connect RP-Initiated Logout §2.1",
    ),
    ("device_authorization_endpoint", "Where a device without a browser begins.", "RFC 8628 §4"),
    (
        "pushed_authorization_request_endpoint",
        "Where a request can be left before the browser is sent off.",
        "RFC 9126 §5",
    ),
    ("registration_endpoint", "Where new clients can be registered.", "RFC 8414 §2"),
    ("scopes_supported", "The scopes that the server is willing to name.", "RFC 8414 §2"),
    ("response_types_supported", "The response types that the server knows.", "RFC 8414 §2"),
    ("response_modes_supported", "The ways in which an answer can travel.", "RFC 8414 §2"),
    ("grant_types_supported", "The ways of getting a token that the server knows.", "RFC 8414 §2"),
    (
        "subject_types_supported",
        "Whether every app sees the same name for a person.",
        "OpenID Connect Discovery §3",
    ),
    (
        "claims_supported",
        "The claims that the server can put into tokens.",
        "OpenID Connect Discovery §3",
    ),
    (
        "code_challenge_methods_supported",
        "The PKCE methods that the server accepts.",
        "RFC 8414 §2",
    ),
    (
        "token_endpoint_auth_methods_supported",
        "How an app may prove who it is at the token endpoint.",
        "RFC 8414 §2",
    ),
    (
        "id_token_signing_alg_values_supported",
        "The algorithms that sign ID tokens.",
        "OpenID Connect Discovery §3",
    ),
    (
        "dpop_signing_alg_values_supported",
        "The algorithms that DPoP proofs may use.",
        "RFC 9449 §5.1",
    ),
    (
        "authorization_response_iss_parameter_supported",
        "Whether answers through the browser name their server.",
        "RFC 9207 §3",
    ),
    ("errorCode", "The management API's code for what went wrong.", "Okta: errors"),
    ("errorSummary", "The same in words.", "Okta: errors"),
    ("errorCauses", "What exactly was wrong, item by item.", "Okta: errors"),
    ("errorId", "The number of this one incident, to be found in the log.", "Okta: errors"),
    ("errorLink", "Where the error code is explained.", "Okta: errors"),
    (
        "stateToken",
        "Holds a sign-in through the authn API that isn't finished yet.",
        "Okta: authentication API",
    ),
    (
        "sessionToken",
        "A finished sign-in, to be traded once for a session.",
        "Okta: authentication API",
    ),
)

_HEADER = (
    (
        "authorization",
        "Who is calling: a token, or the app's own id and secret.",
        "RFC 9110 §11.6.2",
    ),
    (
        "www-authenticate",
        "What the server wants to see before it opens, and why it didn't.",
        "RFC 9110 §11.6.1",
    ),
    ("location", "Where the browser goes next.", "RFC 9110 §10.2.2"),
    ("cookie", "What the browser remembers of this server.", "RFC 6265 §4.2"),
    ("set-cookie", "What the browser should remember and send along from now on.", "RFC 6265 §4.1"),
    ("content-type", "The form of the body: form fields, JSON, a page.", "RFC 9110 §8.3"),
    ("content-length", "The size of the body in bytes.", "RFC 9110 §8.6"),
    ("accept", "Which forms of answer the sender can read.", "RFC 9110 §12.5.1"),
    ("accept-encoding", "Which compressions the sender can read.", "RFC 9110 §12.5.3"),
    (
        "host",
        "Which site of this address is meant; never to be trusted for the issuer.",
        "RFC 9110 §7.2",
    ),
    ("user-agent", "The program that sends the request.", "RFC 9110 §10.1.5"),
    ("origin", "Which site the page that sent this request came from.", "RFC 6454 §7"),
    (
        "referer",
        "The page that the person came from; it may leak what was in its address.",
        "RFC 9110 §10.1.3",
    ),
    (
        "referrer-policy",
        "What the browser may tell the next site about this address.",
        "W3C Referrer Policy §3",
    ),
    (
        "cache-control",
        "Whether the answer may be kept; answers with tokens may not.",
        "RFC 6749 §5.1",
    ),
    ("pragma", "The same for very old caches.", "RFC 6749 §5.1"),
    (
        "dpop",
        "A fresh proof that the sender holds the key that the token is bound to.",
        "RFC 9449 §4",
    ),
    ("dpop-nonce", "A value that the next DPoP proof must contain.", "RFC 9449 §8"),
    (
        "content-security-policy",
        "What the page may load, and who may frame it.",
        "W3C Content Security Policy §3.1",
    ),
    ("x-frame-options", "Forbids other sites to frame the page.", "RFC 7034 §2"),
    (
        "x-request-id",
        "The sample API files its reasons under this number.",
        "This lab: API",
    ),
    (
        "x-gateway-secret",
        "What only the gateway can bring: by this the API knows which way a call came.",
        "This lab: gateway",
    ),
    ("x-user", "Whom the gateway has let in, in the gateway's own words.", "This lab: gateway"),
    ("x-client", "The app that the gateway has let in.", "This lab: gateway"),
    (
        "x-okta-request-id",
        "The number of this request; the server's reasons are filed under it.",
        "Okta: request ids",
    ),
    ("x-rate-limit-limit", "How many such requests are allowed in a minute.", "Okta: rate limits"),
    ("x-rate-limit-remaining", "How many of them are left.", "Okta: rate limits"),
    (
        "x-rate-limit-reset",
        "When the count starts anew, in seconds since 1970.",
        "Okta: rate limits",
    ),
    ("retry-after", "How long to wait before trying again.", "RFC 9110 §10.2.3"),
    ("etag", "The version of this document.", "RFC 9110 §8.8.3"),
)

_CLAIM = (
    (
        "iss",
        "Who issued the token; it must equal the issuer you trust, exactly.",
        "RFC 7519 §4.1.1",
    ),
    ("sub", "Whom the token is about: a person, or the app itself.", "RFC 7519 §4.1.2"),
    (
        "aud",
        "For whom the token is: the API's name, or the app for an ID token.",
        "RFC 7519 §4.1.3",
    ),
    ("exp", "After this second the token is worthless.", "RFC 7519 §4.1.4"),
    ("nbf", "Before this second the token doesn't count yet.", "RFC 7519 §4.1.5"),
    ("iat", "When the token was made.", "RFC 7519 §4.1.6"),
    ("jti", "The token's own number.", "RFC 7519 §4.1.7"),
    ("ver", "The version of Okta's token format.", "Okta: tokens"),
    ("cid", "The app that the token was issued to.", "Okta: access tokens"),
    ("uid", "The person's id; missing when no person is involved.", "Okta: access tokens"),
    ("scp", "The granted scopes, as a list.", "Okta: access tokens"),
    ("scope", "The granted scopes, separated by spaces.", "RFC 8693 §4.2"),
    ("client_id", "The app that the token was issued to.", "RFC 8693 §4.3"),
    ("auth_time", "When the person really signed in.", "OpenID Connect Core §2"),
    (
        "nonce",
        "The app's own value from the request: equal, or the sign-in isn't yours.",
        "OpenID Connect Core §2",
    ),
    ("amr", "How the person signed in: password, one-time code, …", "OpenID Connect Core §2"),
    ("acr", "How strong the sign-in was.", "OpenID Connect Core §2"),
    ("azp", "The app that the ID token was issued to.", "OpenID Connect Core §2"),
    ("at_hash", "Half a hash of the access token that came along.", "OpenID Connect Core §3.1.3.6"),
    ("c_hash", "Half a hash of the code that came along.", "OpenID Connect Core §3.3.2.11"),
    ("idp", "The id of the org or provider where the person signed in.", "Okta: ID tokens"),
    ("cnf", "The key that the token is bound to; without it the token is no use.", "RFC 7800 §3.1"),
    ("act", "Who acts on behalf of the subject.", "RFC 8693 §4.1"),
    ("name", "The person's full name.", "OpenID Connect Core §5.1"),
    ("given_name", "The person's first name.", "OpenID Connect Core §5.1"),
    ("family_name", "The person's last name.", "OpenID Connect Core §5.1"),
    ("preferred_username", "The name the person signs in with.", "OpenID Connect Core §5.1"),
    ("email", "The person's e-mail address.", "OpenID Connect Core §5.1"),
    ("email_verified", "Whether somebody checked that address.", "OpenID Connect Core §5.1"),
    ("locale", "The person's language and country.", "OpenID Connect Core §5.1"),
    ("zoneinfo", "The person's time zone.", "OpenID Connect Core §5.1"),
    ("updated_at", "When these facts last changed.", "OpenID Connect Core §5.1"),
    ("groups", "The groups of the person that this app may see.", "Okta: groups claims"),
    ("htm", "The HTTP method that the proof is for.", "RFC 9449 §4.2"),
    ("htu", "The address that the proof is for.", "RFC 9449 §4.2"),
    ("ath", "The hash of the access token that the proof goes with.", "RFC 9449 §4.2"),
)

_JOSE = (
    (
        "alg",
        "How the token is signed. The verifier chooses what it accepts, never the token.",
        "RFC 7515 §4.1.1",
    ),
    ("kid", "Which of the issuer's keys signed the token.", "RFC 7515 §4.1.4"),
    ("typ", "What kind of token this is.", "RFC 7515 §4.1.9"),
    ("jwk", "A public key inside the token; only proofs may bring their own.", "RFC 7515 §4.1.3"),
    (
        "jku",
        "An address of keys; a verifier that fetches it trusts the attacker.",
        "RFC 7515 §4.1.2",
    ),
    ("kty", "The family of the key.", "RFC 7517 §4.1"),
    ("use", "What the key is for: `sig` is signing.", "RFC 7517 §4.2"),
    ("n", "The modulus of an RSA public key.", "RFC 7518 §6.3.1.1"),
    ("e", "The exponent of an RSA public key.", "RFC 7518 §6.3.1.2"),
)

_GROUPS: tuple[tuple[Kind, tuple[tuple[str, str, str], ...]], ...] = (
    ("request", _REQUEST),
    ("answer", _ANSWER),
    ("header", _HEADER),
    ("claim", _CLAIM),
    ("jose", _JOSE),
)

ENTRIES = tuple(
    Entry(name, kind, meaning, section) for kind, rows in _GROUPS for name, meaning, section in rows
)

# Where to look first for a name that stands at this place of a message or token.
_LOOK_FIRST: dict[str, tuple[Kind, ...]] = {
    "query": ("request",),
    "form": ("request",),
    "location": ("answer", "request"),
    "fragment": ("answer",),
    "json": ("answer", "claim", "jose"),
    "header": ("header",),
    "claim": ("claim",),
    "jose": ("jose",),
}
_ANYWHERE: tuple[Kind, ...] = ("request", "answer")


def explain(name: str, place: str | None = None) -> Entry | None:
    """The entry of this name, if there is one, as it is meant at this place.

    Places are those of `Field` (query, form, location, fragment, json, header), and
    `claim` and `jose` for the payload and the header of a token. A header is only ever
    explained as a header, a claim only as a claim.
    """
    found = [entry for entry in ENTRIES if entry.name == name or entry.name == name.lower()]
    if place is None:
        return found[0] if found else None
    order = _LOOK_FIRST.get(place, ())
    for kind in (*order, *(() if place in ("header", "claim", "jose") else _ANYWHERE)):
        for entry in found:
            if entry.kind == kind:
                return entry
    return None
