"""https with nobody's help: a certificate authority of this installation's own, and its page."""
