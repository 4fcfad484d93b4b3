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
