"""Checks what the documents refer to: files, headings, pictures, scripts and their options exist.

    links_test.py SOURCE_DIR DOCUMENT...

Links to other sites are not followed.
"""

import pathlib
import re
import sys
import unittest

SOURCE_DIR = pathlib.Path(sys.argv[1]).resolve()
DOCUMENTS = [SOURCE_DIR / name for name in sys.argv[2:]]
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def links(text):
    return [one or other for one, other in LINK.findall(CODE.sub("", text))]


def anchors(text):
    """The anchors of a document's headings, as GitHub makes them."""
    headings = HEADING.findall(re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class LinksTest(unittest.TestCase):
    def test_there_are_links(self):
        self.assertTrue(any(links(document.read_text(encoding="utf-8")) for document in DOCUMENTS))

    def test_links_lead_somewhere(self):
        for document in DOCUMENTS:
            for link in links(document.read_text(encoding="utf-8")):
                if link.startswith(("https://", "http://")):
                    continue
                path, _, anchor = link.partition("#")
                target = (document.parent / path).resolve() if path else document
                with self.subTest(document=document.name, link=link):
                    self.assertTrue(target.exists(), f"{document.name} links to {path}, which doesn't exist")
                    if anchor:
                        self.assertIn(anchor, anchors(target.read_text(encoding="utf-8")),
                                      f"{document.name} links to #{anchor} of {target.name}, which has no such heading")

    def test_scripts_and_their_options_exist(self):
        """Commands inside sentences and tables are not run, so at least what they name must be there."""
        for document in DOCUMENTS:
            for words in re.findall(r"`(scripts/[^`\n]+)`", document.read_text(encoding="utf-8")):
                name, *arguments = words.split()
                script = SOURCE_DIR / name
                with self.subTest(document=document.name, command=words):
                    self.assertTrue(script.exists(), f"{name} doesn't exist")
                    for option in (word for word in arguments if word.startswith("--")):
                        self.assertTrue(option in script.read_text(encoding="utf-8"), f"{name} has no option {option}")

    def test_every_document_is_linked(self):
        linked = {(document.parent / link.partition("#")[0]).resolve()
                  for document in DOCUMENTS for link in links(document.read_text(encoding="utf-8"))}
        for document in DOCUMENTS:
            if document.name != "README.md":
                self.assertIn(document, linked, "no document links to it")

    def test_pictures_are_small_and_shown(self):
        shown = {(document.parent / link).resolve()
                 for document in DOCUMENTS for link in links(document.read_text(encoding="utf-8"))}
        for picture in sorted((SOURCE_DIR / "docs" / "images").iterdir()):
            self.assertLess(picture.stat().st_size, 150_000, picture.name)
            self.assertIn(picture, shown, f"no document shows {picture.name}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
