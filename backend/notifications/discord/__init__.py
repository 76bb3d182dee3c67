"""Discord: which address may be used, how a message looks, and an outbox that tells each event once."""
