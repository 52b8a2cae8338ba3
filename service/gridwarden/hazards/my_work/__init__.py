"""My work today: what waits for this account, most urgent first, on a phone; and a short report."""
