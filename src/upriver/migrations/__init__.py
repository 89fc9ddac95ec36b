"""One line of history for both databases."""
