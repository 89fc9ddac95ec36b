"""How do other systems talk to us?  Each module answers in the tongue of one of them and calls our verbs."""
