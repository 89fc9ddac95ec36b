"""Why: is the model broken, or is the data feeding it?"""
