"""Cells, the heat page, the list of findings and the start page: what a person sees."""
