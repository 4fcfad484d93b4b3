"""Exercises of lesson 00: reading the first answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer

KNOWS_YOU = (
    "403 would mean that the API knows who you are and still says no. It has no idea who you are."
)
NOT_A_NUMBER = "A status code is a whole number, such as 200."
WOULD_BE_DATA = "A status in the 200s comes with the data you asked for. Look at what came back."
YOU_SEND_IT = "`Authorization` is what you send back. Look among the headers of the answer."
THE_SCHEME = "`Bearer` is what that header says. The question is what the header is called."
ONE_NAME = "Give one name: the header that says how to authenticate."


def judge_first_answer(status: Any) -> Iterator[str]:
    """The status code that the API sent, as a number."""
    if not isinstance(status, int) or isinstance(status, bool):
        yield NOT_A_NUMBER
    elif status == 403:
        yield KNOWS_YOU
    elif 200 <= status < 300:
        yield WOULD_BE_DATA
    elif status != 401:
        yield f"The API didn't send {status}. Open the message and read how the answer begins."


def judge_challenge(name: Any) -> Iterator[str]:
    """The header with the challenge; capitals make no difference in a header's name."""
    if not isinstance(name, str):
        yield "A header's name is a text, in quotation marks."
        return
    asked = name.strip().rstrip(":").lower()
    if any(mark in asked for mark in " ,;\n"):
        yield ONE_NAME
    elif asked == "authorization":
        yield YOU_SEND_IT
    elif asked == "bearer":
        yield THE_SCHEME
    elif asked != "www-authenticate":
        yield f"The header {name.strip()} doesn't say how to authenticate."


first_answer = Exercise(
    "first-answer",
    "Which status code did the API send? Read it in the recording, and write it as a number.",
    judge_first_answer,
    [
        "The recording shows one message. The line that comes back carries the status code.",
        "You sent nothing that says who you are. Which status means: first say who you are?",
        "It is the status called Unauthorized, the first one above 400.",
    ],
    """
status = 401
show(first_answer.check(status))
""",
    wrong_answers=[
        WrongAnswer(403, KNOWS_YOU),
        WrongAnswer(200, WOULD_BE_DATA),
        WrongAnswer(
            404, "The API didn't send 404. Open the message and read how the answer begins."
        ),
    ],
    short_cuts=[
        ShortCut("401", "a text, copied rather than read as a number"),
        ShortCut([401, 403], "every likely code at once"),
    ],
    typed=True,
)

find_the_challenge = Exercise(
    "find-the-challenge",
    "Which header of the answer says how to authenticate? Write its name.",
    judge_challenge,
    [
        "Open the message. The answer has a list of headers, each with one line about it.",
        "It is in the answer, not in your request, and it names the scheme Bearer.",
        "Its name asks a question of you: WWW-…",
    ],
    """
header = "WWW-Authenticate"
show(find_the_challenge.check(header))
""",
    wrong_answers=[
        WrongAnswer("Authorization", YOU_SEND_IT),
        WrongAnswer("Bearer", THE_SCHEME),
        WrongAnswer("X-Request-Id", "The header X-Request-Id doesn't say how to authenticate."),
    ],
    short_cuts=[ShortCut("WWW-Authenticate, Authorization", "more than one name at a time")],
    typed=True,
)
