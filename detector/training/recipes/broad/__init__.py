"""The broad mix: the encoder is tuned on sentence pairs and documents of all corpora."""
