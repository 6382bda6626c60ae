"""Between those who say something and the transport: gathered, bounded, tried again, logged if all fails."""
