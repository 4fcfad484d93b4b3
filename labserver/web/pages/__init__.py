"""The pages where a person acts: one module a subject, all on one blueprint."""

from labserver.web.pages import consent, forgetting, home, links, signing_in, steps
from labserver.web.pages.blueprint import pages
from labserver.web.rendering import error_page

__all__ = [
    "consent",
    "error_page",
    "forgetting",
    "home",
    "links",
    "pages",
    "signing_in",
    "steps",
]
