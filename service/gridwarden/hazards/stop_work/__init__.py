"""停工闸: a site does not go on to its next stage over an open case on a critical sub-work.

The trigger `data.hold_stage` holds it for every way in; here is what people say and see of it.
"""
