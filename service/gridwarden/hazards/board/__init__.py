"""The board 拉榜: each day's ledger, ten indicators, ranks, signed days, programmes, spot checks.

Every figure is a sum over rows that can be shown: cases and their cycles as they were by the day's
cut-off, and entered records. Nothing is read but what is only ever added to, so a past day comes
out the same whenever it is asked for.
"""
