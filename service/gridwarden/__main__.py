"""`python -m gridwarden` is the same door as `gridwarden`."""

from gridwarden.cli import main

main()
