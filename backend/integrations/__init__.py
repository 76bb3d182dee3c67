"""Doors for clients that exist already: OpenAI's chat completions and the Model Context Protocol."""
