"""What the protected APIs have to offer: a noun, its scopes, and a few entries to look at."""

from __future__ import annotations

from dataclasses import dataclass

Entry = dict[str, str | int | float]


@dataclass(frozen=True)
class Product:
    """An API's noun, the scopes that its methods need, and what it holds at first.

    `server` is the name of the authorization server that the bank has for it.
    Without a `write_scope` there is nothing to change: POST and DELETE don't exist.
    """

    noun: str
    server: str
    read_scope: str
    write_scope: str | None
    entries: tuple[Entry, ...]


LOANS: tuple[Entry, ...] = (
    {"id": "ln-101", "purpose": "House in Harbour Town", "amount": 240000, "rate": 3.1},
    {"id": "ln-102", "purpose": "New roof", "amount": 18000, "rate": 4.4},
)
CREDIT: tuple[Entry, ...] = (
    {"id": "cr-201", "line": "Everyday", "limit": 5000, "drawn": 1200},
    {"id": "cr-202", "line": "Business", "limit": 20000, "drawn": 0},
)
TRANSFERS: tuple[Entry, ...] = (
    {"id": "tr-301", "to": "Hill Town Bakery", "amount": 18.50, "on": "2026-03-02"},
    {"id": "tr-302", "to": "City Water", "amount": 64.20, "on": "2026-03-05"},
    {"id": "tr-303", "to": "Sam Ortiz", "amount": 250, "on": "2026-03-09"},
)
SYNC: tuple[Entry, ...] = (
    {"id": "sy-401", "account": "Everyday", "balance": 2310.75, "on": "2026-03-09"},
    {"id": "sy-402", "account": "Savings", "balance": 12400, "on": "2026-03-09"},
)
PRICES: tuple[Entry, ...] = (
    {"id": "pr-501", "item": "Garden chair", "price": 49},
    {"id": "pr-502", "item": "Lantern", "price": 19.90},
)

PRODUCTS = {
    product.noun: product
    for product in (
        Product("loans", "Home Loan", "loans:read", "loans:apply", LOANS),
        Product("credit", "Credit Line", "credit:read", "credit:draw", CREDIT),
        Product("transfers", "Transfers", "transfers:read", "transfers:write", TRANSFERS),
        Product("sync", "Sync", "sync:read", None, SYNC),
        Product("prices", "Shop", "prices:read", "prices:write", PRICES),
    )
}
