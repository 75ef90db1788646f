"""The theoretical optimum of a service: random arrivals, and cores that take the same time for every image."""

import functools
import heapq
import random


@functools.lru_cache
def perfect_p99(load, cores, arrivals=200000, seed=1):
    """Simulates an M/D/`cores` queue in order of arrival and returns the 99th percentile of the time from arrival
    to answer. The unit is the time that one image takes; `load` is the share of the cores' capacity, below 1."""
    generator = random.Random(seed)
    free_at = [0.0] * cores
    due = 0.0
    times = []
    for _ in range(arrivals):
        due += generator.expovariate(load * cores)
        end = max(due, heapq.heappop(free_at)) + 1
        heapq.heappush(free_at, end)
        times.append(end - due)
    times.sort()
    return times[int(0.99 * arrivals)]
