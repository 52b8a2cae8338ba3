"""The sample city 样例市: a fictitious town, the same for the same seed, to try Gridwarden on.

`city.make_city` draws it, `files.write` writes one file per dataset, `load.load` brings the files
in through the importer like anybody's files and screens them. Nothing here is measured anywhere:
no company, person, telephone number or main exists.
"""
