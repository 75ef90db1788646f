"""Reads the result table from the dispatcher's result page and compares it with a known answer.

usage: result_page.py PAGE.html [--check IMAGE ANSWERS.json KIND]

Prints the table. With --check the exit status is 0 only if the first row matches the answer in
ANSWERS.json for IMAGE and KIND (`trained` or `untrained`). Format of ANSWERS.json:

    {KIND: {"tolerance_percent": 1.0, "images": {IMAGE: {"label": ..., "percent": ...}}}}
"""

import html.parser
import json
import sys

COLUMNS = ["Category", "Probability", "Confidence"]


class TableReader(html.parser.HTMLParser):
    """Collects the tables of a page, each as a list of rows, which are lists of cell texts."""

    def __init__(self):
        super().__init__()
        self.tables = []
        self._cell = None

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self._cell = []

    def handle_data(self, data):
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append(" ".join("".join(self._cell).split()))
            self._cell = None


def result_rows(page):
    """Returns the result table as [(category, percent)], best first, or None if the page has none."""
    reader = TableReader()
    reader.feed(page)
    for table in reader.tables:
        if table and table[0] == COLUMNS:
            return [(row[0], float(row[-1].rstrip("%"))) for row in table[1:] if row]
    return None


def mistake(rows, expected, tolerance_percent):
    """Describes what is wrong with the first row. Returns None if it is the expected one."""
    label, percent = rows[0]
    if label != expected["label"]:
        return f"expected {expected['label']} first, got {label}"
    if abs(percent - expected["percent"]) > tolerance_percent:
        return (f"expected {label} at {expected['percent']}% (within {tolerance_percent} "
                f"percentage points), got {percent}%")
    return None


def check(rows, image, answers_file, kind):
    """Returns 0 if the first row is the stored answer; otherwise prints the difference and returns 1."""
    with open(answers_file, encoding="utf-8") as file:
        answers = json.load(file)[kind]
    wrong = mistake(rows, answers["images"][image], answers["tolerance_percent"])
    if wrong:
        print(f"{image}: wrong answer: {wrong}", file=sys.stderr)
        return 1
    return 0


def main(arguments):
    if len(arguments) not in (1, 5) or (len(arguments) == 5 and arguments[1] != "--check"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with open(arguments[0], encoding="utf-8", errors="replace") as file:
        rows = result_rows(file.read())
    if not rows:
        print(f"{arguments[0]}: the page has no result table", file=sys.stderr)
        return 1
    width = max(len(category) for category, _ in rows)
    for category, percent in rows:
        bar = "#" * round(percent / 4)
        print(f"  {category:<{width}}  {percent:7.3f}%  {bar}".rstrip())
    return check(rows, *arguments[2:]) if len(arguments) == 5 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
