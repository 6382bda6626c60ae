"""The publisher function, its queue, and how other stacks report statuses."""
