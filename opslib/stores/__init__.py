"""Where state lives: the SQL database and the key-value store."""
