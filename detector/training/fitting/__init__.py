"""Fitting: the encoder, linear models, the document classifier, thresholds, spans, comparison."""
