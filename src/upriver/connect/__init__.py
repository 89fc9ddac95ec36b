"""HOW do facts arrive from other systems?"""
