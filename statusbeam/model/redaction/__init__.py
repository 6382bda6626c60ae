"""Takes secrets out of texts of any author."""
