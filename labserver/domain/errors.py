"""The one error that decisions raise."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818  (the field's word: a request is refused)
    """An OAuth error: its code, words that say what was wrong, and the HTTP status (RFC 6749 §5.2).

    `name` is the catalogue's internal name where one error code has several causes
    (`no_matching_policy`, `scope_denied`, …), `check` what was checked, both for the log.
    """

    def __init__(
        self, error: str, description: str, status: int = 400, name: str = "", check: str = ""
    ) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status
        self.name = name or error
        self.check = check or self.name
