"""Formats numbers, tables and targets of scripts/bench as Markdown."""

import dataclasses


def number(value, digits=1):
    """Formats a number for a table; a dash for None."""
    return "-" if value is None else f"{value:,.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def ratio(value, base):
    return value / base if value and base else None


def get(results, *keys):
    """A value in nested dictionaries; None if one of the keys is missing."""
    for key in keys:
        results = (results or {}).get(key)
    return results


@dataclasses.dataclass
class Target:
    """One of the project's targets. `measured` is None if its section was left out."""

    text: str
    measured: float
    wanted: float
    at_least: bool

    @property
    def reached(self):
        if self.measured is None:
            return None
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted

    def row(self):
        word = {True: "yes", False: "NO", None: "not measured"}[self.reached]
        sign = "at least" if self.at_least else "at most"
        return [self.text, number(self.measured, 2), f"{sign} {self.wanted:g}", word]
