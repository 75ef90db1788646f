#!/usr/bin/python3
"""usage: python_forward.py MODEL INPUT.f32 TORCH_THREADS SECONDS [--channels-last]

Measures only the forward pass of torchvision's eager SqueezeNet 1.1, one image at a time, and prints one
JSON object.
"""

import json
import statistics
import sys
import time

import network
import numpy
import torch

WARM_UP_CALLS = 5


def main():
    model, path, threads, seconds = sys.argv[1:5]
    torch.set_num_threads(int(threads))
    net = network.load(model)
    planes = torch.from_numpy(numpy.fromfile(path, "<f4").reshape(1, 3, 224, 224))
    if "--channels-last" in sys.argv:
        net = net.to(memory_format=torch.channels_last)
        planes = planes.contiguous(memory_format=torch.channels_last)
    times_s = []
    with torch.inference_mode():
        for _ in range(WARM_UP_CALLS):
            logits = net(planes)
        while sum(times_s) < float(seconds):
            begin = time.perf_counter()
            net(planes)
            times_s.append(time.perf_counter() - begin)
    print(json.dumps({"threads": 1, "median_ms": 1000 * statistics.median(times_s),
                      "per_s": len(times_s) / sum(times_s), "top1": int(logits[0].argmax())}))


if __name__ == "__main__":
    main()
