"""A street fair: agents check an application, a person approves it, and an agent issues the permit."""
