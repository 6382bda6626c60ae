"""The AWS emulator, in this process, and what localcloud knows of its inside."""
