"""The walls around Cypher that a model or a person writes: what it may say, what it may cost, and how to say it instead."""
