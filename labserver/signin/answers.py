"""Security questions, and answers to them: judged, hashed, compared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from labserver.signin.failures import count_failure
from labserver.store.directory import User
from labserver.store.hashing import hash_password, matches

QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        "disliked_food": "What is the food you least liked as a child?",
        "name_of_first_plush_toy": "What did you call your first stuffed animal?",
        "first_award": "What was the first prize you ever won?",
        "favorite_security_question": "Which security question do you like best?",
        "favorite_toy": "Which toy did you play with most as a child?",
        "first_computer_game": "Which computer game did you play first?",
        "favorite_movie_quote": "Which line from a film do you quote most?",
        "first_sports_team_mascot": "What was the mascot of your first sports team?",
        "first_music_purchase": "Which record or song did you buy first?",
        "favorite_art_piece": "Which work of art do you like best?",
        "grandmother_favorite_desert": "Which dessert did your grandmother like best?",
        "first_thing_cooked": "What did you cook first, all by yourself?",
        "childhood_dream_job": "What did you want to become when you were little?",
        "place_where_significant_other_was_met": "Where did you meet your partner?",
        "favorite_vacation_location": "Where did you spend your best holiday?",
        "new_years_two_thousand": "Where were you when the year 2000 began?",
        "favorite_speaker_actor": "Whose voice could you listen to for hours?",
        "favorite_book_movie_character": "Which character of a book or film do you like best?",
        "favorite_sports_player": "Which athlete do you admire most?",
        "first_kiss_location": "Where were you when you were first kissed?",
    }
)
"""Key and words of each security question (Okta: security questions)."""

SHORTEST, LONGEST = 4, 100
"""Characters of an answer."""


def answer_problem(question: str, answer: str, shortest: int = SHORTEST) -> str | None:
    """What is wrong with an answer to this question; None when it will do (Okta: question factor).

    `question` is its words, and its key too where it has one.
    """
    said = _plain(answer)
    if len(said) < shortest:
        return f"The answer must have at least {shortest} characters."
    if len(said) > LONGEST:
        return f"The answer must have at most {LONGEST} characters."
    if said in question.casefold():
        return "The answer must not be part of the question."
    return None


def hash_answer(answer: str) -> str:
    """The answer as it rests: a slow hash, however the letters were written."""
    return hash_password(_plain(answer))


def is_answer(hashed: str | None, answer: str) -> bool:
    """Whether this is the answer that was hashed; without a hash, the same work and False."""
    return matches(hashed, _plain(answer[:LONGEST])) and len(answer) <= LONGEST


def check_recovery_answer(session: Session, user_id: str, answer: str, now: int) -> bool:
    """Whether this answers the user's recovery question; a wrong one counts like a wrong password.

    What was counted must be committed, so the caller's refusal may not roll back.
    """
    user = session.scalars(select(User).where(User.id == user_id)).one_or_none()
    right = is_answer(user.recovery_answer_hash if user else None, answer)
    if user is not None and not right:
        count_failure(session, user.pk, now)
    return right and user is not None and user.status != "LOCKED_OUT"


def _plain(answer: str) -> str:
    return " ".join(answer.casefold().split())
