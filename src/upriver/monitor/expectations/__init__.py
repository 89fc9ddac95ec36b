"""What can be expected of rows: an expectation is a module with a `PLUGIN`; adding the file adds it.

A `Kind` (see `monitor.expectation`) says what it can be told, what it asks of the rows of a window and how the answer reads.
Rows without a value are well for all kinds but `not_null` and `sql`, as is the custom among such tools: whether there is a
value is a question of its own.
"""
