"""What a sender said of a form once is taken for the next file of that form, and said so.

A sender is an organisation, or else a role and a person. A form is a kind of file with the same
columns, in whatever order. What is remembered: which field is which column, values for every row
and the encoding; not a filter of rows, because rows that are left out in silence are lost, and not
whose coordinates they are, because one form comes from many. What is said with a file wins.
"""
