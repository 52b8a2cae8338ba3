"""Rejected rows go home in the sender's own file: coloured, with a reason, all else as it was.

ours.py      the column that we add, and that the importer passes over
telling.py   what is wrong with a row and what to do about it, in words
sending.py   who may have it, and the process that makes it
as_read.py   whose coordinates the file was read as
marking.py   that process: which kind of file is marked how
workbook.py, text.py, places.py   workbooks; text tables; GeoJSON and GeoPackage
"""
