"""One status, and what every part of the product knows of it: fields, limits, words, settings, errors."""
