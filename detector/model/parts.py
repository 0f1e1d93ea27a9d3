"""The names of the parts of a model folder."""

#: A sentence-transformers folder with its ONNX model.
ENCODER = "encoder"

#: Heads of the encoder and the linear models of a sentence's features.
FEATURES = "features.safetensors"

#: Words, in lower case, that are usually written small.
COMMON_WORDS = "common_words.json"

NGRAM_LANGUAGE_MODEL = "ngram_language_model.safetensors"

#: The document classifier with its thresholds, and the sentence scorer.
CLASSIFIER = "classifier.safetensors"

#: What tells the copies of a user's machine, where retraining fitted an adapter.
FINGERPRINT = "fingerprint.safetensors"

#: The classifier of pairs.
COMPARISON = "comparison.safetensors"

#: What points at words: counts, and the model that weighs them.
SPANS = "spans.safetensors"

#: What humans wrote in place of a word.
SUGGESTIONS = "suggestions.json"

#: The classifier that comparison and spans were fitted with, in a model that was retrained.
LOG_ODDS = "log_odds.safetensors"

MODEL_CARD = "model_card.md"

#: What each step of the recipe read and wrote, and how long it took.
TRAINING_LOG = "training_log.json"

MODEL_CARD_FIGURES = "model_card.json"
