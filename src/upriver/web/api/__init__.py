"""Our own JSON, one router per noun, under /api/v1."""
