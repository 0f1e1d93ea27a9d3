#!/usr/bin/env python3
"""Retrain from labelled pairs: a thin door to `detector train`.

python train.py --pairs data/pairs.csv --output models/mine
python train.py --corpora FOLDER --encoder-base NAME --output models/default
"""

from __future__ import annotations

from detector.cli.train import train

if __name__ == "__main__":
    train()
