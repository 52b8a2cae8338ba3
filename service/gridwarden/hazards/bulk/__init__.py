"""Many cases at once: saved views, one act on sixty of them, workbooks out and back in, files.

acting.py        one act on many cases, and its undoing, as one
saved.py         saved views: filters, order and columns under a name
columns.py       the columns of the list and of the workbook: which may be edited, what they say
workbook.py      a list of cases as a workbook to edit
brought_back.py  what an edited workbook changes, row by row, against now
exporting.py     cases as CSV, GeoPackage and the other files
"""
