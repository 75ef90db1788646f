"""Checks the layout of the sources: which folder may include which, how large a folder may grow, and that each folder
has tests.

    house_test.py SOURCE_DIR

The rules are those of CONTRIBUTING.md, "Layers". This needs no compiler, because every include names its folder.
"""

import pathlib
import re
import sys
import unittest

SOURCE_DIR = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
SUFFIXES = (".cpp", ".hpp")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)

# The most sources in one folder. A folder with many more is hard to survey.
SOURCES_MAX = 40

# Every folder, and the folders that it may include. A public header in include/samoyed/FOLDER belongs to FOLDER.
MAY_INCLUDE = {
    "io": [],
    "protocol": [],
    "worker/image": ["protocol"],
    "worker/headers": ["protocol", "worker/image"],
    "worker/decoders": ["protocol", "worker/image", "worker/headers"],
    "worker/kernels": [],
    "worker/model": ["protocol", "worker/image"],
    "worker/serving": ["io", "protocol", "worker/image"],
    "worker/network": ["protocol", "worker/image", "worker/decoders", "worker/kernels", "worker/model", "worker/serving"],
    "worker/sandbox": ["protocol", "worker/image", "worker/decoders"],
    "worker/announce": ["io", "protocol"],
    "worker/app": ["io", "protocol", "worker/image", "worker/decoders", "worker/model", "worker/serving", "worker/network", "worker/sandbox",
                   "worker/announce"],
    "dispatcher": ["io", "protocol"],
    "dispatcher/history": ["io", "protocol", "dispatcher"],
    "dispatcher/jobs": ["io", "protocol", "dispatcher", "dispatcher/history"],
    "dispatcher/storage": ["io", "protocol", "dispatcher", "dispatcher/history", "dispatcher/jobs"],
    "dispatcher/libpq": ["io", "protocol", "dispatcher", "dispatcher/history"],
    "dispatcher/postgres": ["io", "protocol", "dispatcher", "dispatcher/history", "dispatcher/jobs", "dispatcher/storage",
                            "dispatcher/libpq"],
    "dispatcher/discovery": ["io", "protocol", "dispatcher"],
    "dispatcher/client": ["io", "protocol", "dispatcher"],
    "dispatcher/load": ["io", "protocol", "dispatcher", "dispatcher/client"],
    "web/http": ["io", "protocol", "dispatcher"],
    "web/forms": ["protocol", "web/http"],
    "web/access": ["io", "protocol", "web/http"],
    "web/views": ["io", "protocol", "dispatcher", "web/http"],
    "web/apidoc": ["protocol", "dispatcher", "web/http", "web/views"],
    "web/routes": ["io", "protocol", "dispatcher", "web/http", "web/forms", "web/access", "web/views", "web/apidoc"],
    "web/server": ["io", "protocol", "dispatcher", "web/http", "web/forms", "web/access", "web/views", "web/routes"],
    # The public headers of the web server.
    "web": ["io", "protocol", "dispatcher"],
    # The only folder of the dispatcher that may include the web server.
    "dispatcher/app": ["io", "protocol", "dispatcher", "dispatcher/jobs", "dispatcher/storage", "dispatcher/postgres",
                       "dispatcher/discovery", "dispatcher/client", "dispatcher/load", "web"],
}

# Headers that the build generates from files.
GENERATED = re.compile(r"samoyed_\w+\.hpp$")


def sources():
    for root in ("src", "include"):
        for path in sorted((SOURCE_DIR / root).rglob("*")):
            if path.suffix in SUFFIXES and "node_modules" not in path.parts:
                yield path


def folder_of(path):
    """The name of a source's folder in MAY_INCLUDE."""
    relative = path.relative_to(SOURCE_DIR).parent
    parts = relative.parts[1:] if relative.parts[0] == "src" else relative.parts[2:]
    return "/".join(parts)


def folder_of_include(name):
    parts = name.split("/")[:-1]
    return "/".join(parts[1:] if parts[:1] == ["samoyed"] else parts)


class HouseTest(unittest.TestCase):
    def test_every_folder_has_a_rule(self):
        self.assertEqual({folder_of(path) for path in sources()}, set(MAY_INCLUDE))

    def test_includes_point_down(self):
        for path in sources():
            folder = folder_of(path)
            allowed = {folder, *MAY_INCLUDE.get(folder, ())}
            # A folder may include its own public headers. The folders of web may also include the web server's.
            if folder.startswith("web/"):
                allowed.add("web")
            for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
                if GENERATED.fullmatch(name):
                    continue
                with self.subTest(source=str(path.relative_to(SOURCE_DIR)), include=name):
                    self.assertIn(folder_of_include(name), allowed)

    def test_the_rules_allow_no_cycle(self):
        done = set()
        while len(done) < len(MAY_INCLUDE):
            ready = {folder for folder, others in MAY_INCLUDE.items() if folder not in done and done.issuperset(others)}
            self.assertTrue(ready, "folders that include each other")
            done |= ready

    def test_no_folder_is_too_large(self):
        counts = {}
        for path in sources():
            counts[path.parent] = counts.get(path.parent, 0) + 1
        for folder, count in counts.items():
            with self.subTest(folder=str(folder.relative_to(SOURCE_DIR))):
                self.assertLessEqual(count, SOURCES_MAX)

    def test_every_source_folder_has_its_tests(self):
        for folder in {path.parent.relative_to(SOURCE_DIR / "src") for path in sources()
                       if path.is_relative_to(SOURCE_DIR / "src")}:
            with self.subTest(folder=str(folder)):
                self.assertTrue(list((SOURCE_DIR / "test" / folder).glob("*_test.cpp")))

    def test_every_source_is_found(self):
        # If no sources were found, the other checks would pass whatever the sources contain.
        self.assertGreater(sum(1 for _ in sources()), 300)


if __name__ == "__main__":
    unittest.main()
