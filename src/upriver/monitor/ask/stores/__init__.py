"""Where rows can lie: a store is a module with a `PLUGIN`; adding the file adds it."""
