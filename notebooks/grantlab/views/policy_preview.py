"""The token preview beside the walk: what would be issued, or the refusal in Okta's words."""

from __future__ import annotations

from markupsafe import Markup

from grantlab.answers import Document
from grantlab.policies import Walk
from grantlab.views.html import icon, tag
from grantlab.views.policy_text import duration
from grantlab.views.token import claims_rows

NOT_STARTED = "No policy was asked: the request failed at a check before them."


def verdict(walk: Walk) -> Markup:
    """One line: the request, and where it led."""
    sign = "passed" if walk.allowed else "failed"
    found = walk.preview
    if not walk.allowed:
        word: list[object] = ["Refused: ", tag("code", found.error)]
    elif found.decision is None:
        word = ["Allowed"]
    else:
        minutes = int(found.decision["accessTokenLifetimeMinutes"])
        word = [
            f"Rule “{found.decision['ruleName']}” decides: an access token for {duration(minutes)}",
        ]
    return tag(
        "div",
        tag("div", str(walk.request), class_="gl-muted"),
        tag("strong", icon(sign), word, class_=f"gl-{sign}"),
        tag("div", found.error_description) if found.error_description else None,
        tag("div", NOT_STARTED, class_="gl-muted") if not walk.started else None,
        class_="gl-led-to",
        role="status",
    )


def preview_part(walk: Walk) -> Markup:
    """The decision on one side, the tokens on the other."""
    return tag(
        "div",
        tag("h4", "Token preview: nothing was issued"),
        tag("div", tag("div", _decision(walk), _checks(walk)), tag("div", _tokens(walk)),
            class_="gl-beside"),
    )  # fmt: skip


def _decision(walk: Walk) -> Markup:
    found = walk.preview
    pairs: list[tuple[str, object]] = []
    if found.error:
        pairs += [("Error", tag("code", found.error)), ("In Okta's words", found.error_description)]
        pairs += [("More than the client would hear", found.detail)] if found.detail else []
    if found.decision:
        refresh = int(found.decision["refreshTokenLifetimeMinutes"])
        pairs += [
            ("Decided by", f"“{found.decision['ruleName']}” of “{found.decision['policyName']}”"),
            ("Access token", duration(int(found.decision["accessTokenLifetimeMinutes"]))),
        ]
        if found.refresh_token:
            idle = duration(int(found.decision["refreshTokenWindowMinutes"]))
            pairs.append(("Refresh token", f"yes: {duration(refresh) if refresh else 'no end'}, "
                          f"idle {idle}"))  # fmt: skip
        else:
            pairs.append(("Refresh token", "none: it takes offline_access and the app's grant"))
    if found.scopes:
        pairs.append(("Scopes", [[tag("code", each), " "] for each in found.scopes]))
    if found.consent_needed:
        asked = [[tag("code", each), " "] for each in found.consent_needed]
        pairs.append(("The person is asked first about", asked))
    return tag("dl", [[tag("dt", name), tag("dd", value)] for name, value in pairs],
               class_="gl-pairs")  # fmt: skip


def _checks(walk: Walk) -> Markup:
    checks = [each for each in walk.preview.trace if not each.get("policyId")]
    items = [
        tag(
            "li",
            tag("span", icon(sign), sign, class_=f"gl-result gl-{sign}"),
            tag("div", tag("strong", str(each.get("check", ""))),
                tag("div", str(each.get("detail", "")), class_="gl-muted")),
        )
        for each in checks
        for sign in [str(each.get("result")) if each.get("result") in _RESULTS else "skipped"]
    ]  # fmt: skip
    return tag(
        "details",
        tag("summary", f"The other checks of the server ({len(checks)})"),
        tag("ol", items, class_="gl-checks"),
        open=not walk.started,
    )


_RESULTS = ("passed", "failed", "skipped")


def _tokens(walk: Walk) -> list[Markup]:
    found = walk.preview
    parts = [
        tag("details", tag("summary", tag("strong", f"{kind} token: {_counted(claims)}")),
            claims_rows(f"Claims of the {kind} token", claims, "claim"),
            open=kind == "Access", data_key=f"claims-{kind}")
        for kind, claims in (("Access", found.access_token), ("ID", found.id_token))
        if claims
    ]  # fmt: skip
    return parts or [tag("p", "No token, so no claims.", class_="gl-muted")]


def _counted(claims: Document) -> str:
    return "1 claim" if len(claims) == 1 else f"{len(claims)} claims"
