"""Assigns profile samples of a running worker to symbols and to the phases of an image."""

import re

# (phase, library pattern, symbol pattern). The first entry that matches a sample's library or symbol counts.
# `???` is what callgrind calls the library of code that is generated at run time, such as oneDNN's. Symbols of
# the standard library don't show their caller.
PHASES = [
    ("forward", re.compile(r"libtorch|libc10|libdnnl|libopenblas|libblas|libgomp|^\[JIT\]|^\?\?\?$|^perf-\d+\.map"),
     re.compile(r"Squeezenet::|Forward|multiply_|transform_|max_pool|dnnl|jit_|at::|c10::")),
    ("decode", re.compile(r"libjpeg|libpng|libdeflate|libwebp|libz\."),
     re.compile(r"decode_|exif|Exif|JpegReader|PngReader|png_filters|inflate_png")),
    ("resize, normalize", None, re.compile(r"[Rr]esize|[Nn]ormalize|narrow|flatten")),
    ("base64, checksum", None, re.compile(r"[Bb]ase64|Checksum|checksum|MessageReader")),
    ("ranking, result", None, re.compile(r"softmax|::rank|format_result|nlohmann|parse_|__expf?(?:_fma|$)")),
    ("log", re.compile(r"libspdlog|libfmt"), re.compile(r"spdlog|fmt::")),
    ("kernel: sockets, memory, waiting", re.compile(r"\[kernel|\[guest\.kernel|vdso"), None),
    ("connection", None, re.compile(r"asio::|Session|Exchange")),
]
OTHER = "memory and all else"
NAMELESS = "(no names)"
ADDRESS = re.compile(r"0x[0-9a-f]+$")

# Some versions of perf append another column.
PERF_LINE = re.compile(r"^\s*([\d.]+)%?\s*\|\s*(.*?)\s*\|\s*(?:\[[.k]\]\s*)?([^|]*?)\s*(?:\|.*)?$")
CALLGRIND_LINE = re.compile(r"^\s*[\d,]+ \(\s*([\d.]+)%\)\s+\S*?:(.*?)(?: \[(.*)\])?$")


def phase_of(library, symbol):
    for name, libraries, symbols in PHASES:
        if (libraries and libraries.search(library)) or (symbols and symbols.search(symbol)):
            return name
    return OTHER


def read_perf(text):
    """Parses the output of `perf report --stdio -t '|' --sort dso,symbol` into [(percent, library, symbol)]."""
    matches = (PERF_LINE.match(line) for line in text.splitlines() if not line.startswith("#"))
    return _merged((float(match[1]), match[2], match[3]) for match in matches if match)


def read_callgrind(text):
    """Parses the list of functions of callgrind_annotate in the same way."""
    matches = map(CALLGRIND_LINE.match, text.splitlines())
    return _merged((float(match[1]), (match[3] or "").rsplit("/", 1)[-1], match[2])
                   for match in matches if match)


def _merged(samples):
    """Merges the addresses without a name, which come from libraries without symbols, into one entry per library."""
    sums = {}
    for percent, library, symbol in samples:
        key = library, NAMELESS if ADDRESS.match(symbol) else symbol
        sums[key] = sums.get(key, 0) + percent
    return [(percent, *key) for key, percent in sums.items()]


def by_phase(samples):
    """Returns {phase: percent}, the largest first."""
    sums = {}
    for percent, library, symbol in samples:
        phase = phase_of(library, symbol)
        sums[phase] = sums.get(phase, 0) + percent
    return dict(sorted(sums.items(), key=lambda item: -item[1]))
