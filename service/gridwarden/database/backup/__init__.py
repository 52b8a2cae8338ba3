"""The whole installation in one encrypted archive, back from it, and a trial of going back."""
