"""Charts as Vega-Lite, each with one sentence that says what it shows and the numbers it is made of.

Pure: the same record is drawn on a page, kept in a file and compared in a test.  Colours are names of the page's tokens,
so that light and dark need no second chart.
"""
