"""Wishes for alerts, said in a conversation: recognised, repeated in words, and handed back as a proposal that a person confirms."""
