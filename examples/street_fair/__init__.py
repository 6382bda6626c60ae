"""A street fair: agents look into an application, a person approves, and a permit is issued."""
