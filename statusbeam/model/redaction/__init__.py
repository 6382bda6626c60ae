"""Takes secrets out of texts, whoever wrote them."""
