"""Clues: each looks at one thing that may have happened."""
