"""Domain vectors: the table of published numbers, posted, screened and read back."""
