"""What Gridwarden's ways cost beside the plain ones, in one run on one machine: `script/bench`.

Prints ratios; asserts no time. Not part of the installed package.
"""
