"""`python -m staffel.cli` is `staffel`."""

from staffel.cli.main import main

main()
