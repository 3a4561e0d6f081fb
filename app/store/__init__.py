"""Where the last good snapshot survives restarts and reaches siblings: SQLite, Redis, or both."""
