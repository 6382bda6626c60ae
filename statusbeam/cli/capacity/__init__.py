"""What a load asks of AWS's quotas, and a simulation of which one throttles first."""
