"""Reasons as the log shows them."""

from labserver.domain.reasons import Check, Step, render


def test_checks_and_steps_read_alike() -> None:
    documents = render(
        [
            Check("client is known", "passed", "Web"),
            Check("state is sound", "skipped"),
            Step("00p1", "Staff", None, None, "It is for other clients."),
            Step("00p2", "All", None, None, ""),
            Step("00p2", "All", "0pr1", "Reading", ""),
        ]
    )

    assert documents == [
        {"check": "client is known", "result": "passed", "detail": "Web"},
        {"check": "state is sound", "result": "skipped", "detail": ""},
        {
            "check": "policy “Staff”",
            "result": "failed",
            "detail": "It is for other clients.",
            "policyId": "00p1",
        },
        {"check": "policy “All”", "result": "passed", "detail": "It matches.", "policyId": "00p2"},
        {
            "check": "rule “Reading” of policy “All”",
            "result": "passed",
            "detail": "It matches.",
            "policyId": "00p2",
            "ruleId": "0pr1",
        },
    ]


def test_a_walk_past_hundreds_of_rules_keeps_its_beginning_and_its_end() -> None:
    steps = [Step("00p1", "All", f"0pr{n}", f"Rule {n}", "Other scopes.") for n in range(200)]

    documents = render(steps)

    rules = [found.get("ruleId") for found in documents]
    assert rules == [*(f"0pr{n}" for n in range(30)), None, *(f"0pr{n}" for n in range(170, 200))]
    assert documents[30]["detail"] == "140 steps in between."
