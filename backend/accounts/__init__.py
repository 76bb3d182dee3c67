"""Who people are: accounts, login sessions, bearer tokens, what they watch, and the record of what administrators do."""
