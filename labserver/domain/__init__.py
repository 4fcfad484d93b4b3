"""Decisions as pure functions over frozen values: no Flask, no Authlib, no database."""
