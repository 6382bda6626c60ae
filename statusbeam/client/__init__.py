"""What a program needs to read jobs of a deployment: it chooses one, signs in, reads, and follows live."""
