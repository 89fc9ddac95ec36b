"""Questions to the graph: what feeds this, what breaks if it goes, who changed it, how does one lead to the other?"""
