"""FROM WHAT is an asset made, and what is made from it?"""
