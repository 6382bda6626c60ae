"""What ours is compared with: written as people write it first, or somebody else's product unchanged."""
