"""What happened, told to whoever may see it: events from the outbox, in the order of `seq`.

`sequencing` gives committed events their places, `reading` reads them as one caller may see them,
`routes` answers with a list or a feed, `fanning` wakes the feeds of one process.
"""
