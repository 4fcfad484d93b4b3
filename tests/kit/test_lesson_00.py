"""Lesson 00: answers that come close, and answers of another kind."""

from __future__ import annotations

import pytest

from grantlab.exercises import exercises_of


@pytest.mark.parametrize("name", ["WWW-Authenticate", "www-authenticate", " Www-Authenticate: "])
def test_capitals_and_a_colon_make_no_other_header(name):
    assert exercises_of("00")["find-the-challenge"].judge(name).passed


@pytest.mark.parametrize("answer", [True, 401.5, "four hundred and one", {"status": 401}])
def test_a_status_that_is_no_whole_number_is_told_so(answer):
    outcome = exercises_of("00")["first-answer"].judge(answer)

    assert outcome.reasons == ("A status code is a whole number, such as 200.",)
