"""Files of a city's offices, read, checked, and published as versions of datasets.

What a person asks for is an `ask.Ask`; `imports.ask_for` queues it; the job `tasks.bring` does it:
readers (`vector`, `table`) → `rows.Checker` → `publishing.Publication`: raw values, then rows that
fit or a reason why not, then one transaction.
"""
