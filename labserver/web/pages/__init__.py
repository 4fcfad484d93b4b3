"""The pages where a person acts: one module a subject, all on one blueprint."""

from labserver.web.pages import consent, home, signing_in
from labserver.web.pages.blueprint import pages
from labserver.web.rendering import error_page

__all__ = ["consent", "error_page", "home", "pages", "signing_in"]
