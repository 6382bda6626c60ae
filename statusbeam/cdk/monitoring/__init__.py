"""What tells the owners of a deployment how it is: alarms, a dashboard, a budget, a canary."""
