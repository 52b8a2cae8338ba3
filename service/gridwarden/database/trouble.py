"""What goes wrong before anybody can ask anything: the set-up's own error."""


class SetUpError(Exception):
    """The installation cannot go on; the text is one sentence that says what to do.

    The command line prints the text alone and ends with status 1: no traceback.
    """
