"""`python -m staffel.cli` is the command `staffel`."""

from staffel.cli.main import main

main()
