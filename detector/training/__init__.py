"""Making training pairs, tuning, fitting and measuring the model; needs the `train` extra."""
