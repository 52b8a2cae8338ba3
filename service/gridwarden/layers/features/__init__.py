"""OGC API – Features over every registered layer, and the export of layers to files."""
