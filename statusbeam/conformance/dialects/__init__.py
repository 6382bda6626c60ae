"""The protocols, each as a client of it: a reader that tells what it received."""
