"""Characters to documents: normalisation, sentences, words and masking, every offset kept."""
