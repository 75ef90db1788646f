"""Generates small, different images, and reads the answer from a result page."""

import html
import random
import re
import struct
import zlib

LABEL_ROW = re.compile(r'<tr><th scope="row">(.*?)</th>.*?<td class="number">([\d.]+%)</td></tr>')
FACT = re.compile(r"<dt>(\w+)</dt><dd><bdi>(.*?)</bdi></dd>")


def _chunk(kind, content):
    return (struct.pack(">I", len(content)) + kind + content
            + struct.pack(">I", zlib.crc32(kind + content)))


def png(width, height, seed):
    """Returns a PNG file: an RGB image of a few colored blocks, which depend on `seed`."""
    chance = random.Random(seed)
    block = max(1, width // 4)
    rows = []
    for y in range(height):
        if y % max(1, height // 4) == 0:
            colors = [chance.randbytes(3) for _ in range(width // block + 1)]
            row = b"\0" + b"".join(color * block for color in colors)[:3 * width]
        rows.append(row)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
            + _chunk(b"IDAT", zlib.compress(b"".join(rows), 1)) + _chunk(b"IEND", b""))


def labels_of(page):
    """Returns the labels of a result page with their percentages, best first; () for any other page."""
    return tuple((html.unescape(label), percent) for label, percent in LABEL_ROW.findall(page))


def facts_of(page):
    """Returns the other facts of a result page: `File`, `Worker`, `Network` and others."""
    return {name: html.unescape(value) for name, value in FACT.findall(page)}
