"""Ways to tell people: a channel is a module with a `PLUGIN`; adding the file adds the choice."""
