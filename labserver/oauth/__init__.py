"""The protocol, over Authlib: no Flask."""
