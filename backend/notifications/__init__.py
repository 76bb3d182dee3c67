"""Who hears of what: events in the database, one listener a process, a hub that fans out, and Discord."""
