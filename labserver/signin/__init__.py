"""Primary authentication, over store and domain; no Flask."""
