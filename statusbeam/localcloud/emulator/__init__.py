"""The AWS emulator, which runs in this process, and the only module that uses its internals."""
