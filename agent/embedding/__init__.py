"""Vectors of questions: who makes them, which of them serve, and the queue that fills them."""
