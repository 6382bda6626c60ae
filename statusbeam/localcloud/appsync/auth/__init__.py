"""The five authorization modes of AppSync."""
