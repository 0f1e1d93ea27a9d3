"""Have scored articles moved since the thresholds were measured?"""
