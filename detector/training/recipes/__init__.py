"""How the shipped model is made, step by step."""
