"""What a question means after the ones before it, without a language model."""
