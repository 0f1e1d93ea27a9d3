"""The figures of the model card that rest on the training corpora."""
