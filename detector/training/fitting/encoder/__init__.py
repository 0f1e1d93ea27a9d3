"""Tuning the encoder on pairs with torch, and its export to ONNX."""
