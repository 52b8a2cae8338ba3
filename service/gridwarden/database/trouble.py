"""What goes wrong before anybody can ask anything: the set-up's own error."""


class SetUpError(Exception):
    """The installation cannot go on; the text is one sentence that says what to do.

    The command line prints the text alone and ends with status 1: no traceback. `wrong` and `mend`
    are its two halves where it was made of them (`sentences.trouble`).
    """

    def __init__(self, text: str, wrong: str = "", mend: str = "") -> None:
        super().__init__(text)
        self.wrong = wrong or text
        self.mend = mend
