"""WHAT is there, what is known of it, and who said so?"""
