"""Which part of the graph is shown, and what stands beside it?"""
