"""A fuzz job: invented faults in invented articles, for as long as one likes."""
