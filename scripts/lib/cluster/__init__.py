"""A cluster on one machine: dispatchers, workers, HAProxy, PostgreSQL and DNS, each in a network namespace, for
scripts/cluster-chaos."""
