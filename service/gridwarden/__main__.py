"""The command `gridwarden`, also as `python -m gridwarden`."""

import signal


def main() -> None:
    """Load the program and run a command; Ctrl-C while it loads ends it without a traceback."""
    asked = signal.getsignal(signal.SIGINT)
    if asked is signal.default_int_handler:  # not ignored, as in the background of a script
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from gridwarden.cli import main as command

    signal.signal(signal.SIGINT, asked)
    command()


if __name__ == "__main__":
    main()
