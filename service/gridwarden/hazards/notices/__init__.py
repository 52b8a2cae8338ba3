"""Who is told what of a case: notices written with the act, letters sent of them by the worker.

`rules` reads the table (notices.toml), `writing` makes a letter in its reader's language, `posting`
gives it to the office's mail server, `sending` is the worker's part, `routes` what people see.
"""
