"""WHICH COLUMNS became which, by the text of a query?

Pure: the same text, dialect and schemas give the same answer.  sqlglot takes long to import, so
callers import `derive` where they need it, or use `limited.Deriver`, which imports it in another process.
"""
