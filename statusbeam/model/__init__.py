"""One status, and its definitions for every part of the product: fields, limits, words, settings, errors."""
