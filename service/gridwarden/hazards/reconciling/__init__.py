"""对账: a district's own list, without our numbers, held beside the ledger.

Only theirs, only ours, both and different; matched by number, words of the place, position,
category and date, each with its score. What a person confirmed once is known the next time.
"""
