"""Who hears of it, how, and when not to disturb them?"""
