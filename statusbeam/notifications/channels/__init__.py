"""The channels: each sends one JobEvent in the form that its receiver expects."""
