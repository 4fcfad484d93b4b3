"""`python -m grantlab.cli` is the command `grantlab`."""

from grantlab.cli import main

main()
