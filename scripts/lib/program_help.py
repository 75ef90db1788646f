"""Reads what the programs print for --help-all: the source of docs/configuration.md, the man pages and the shells'
completions."""

import re
import subprocess

# The programs, with their subcommands.
PROGRAMS = [("samoyed-worker", []), ("samoyed-dispatcher", []), ("clientsocket", []), ("clientsocket", ["bench"])]

OPTION_LINE = re.compile(r"^  (?P<spelling>\S+(?: \S+)*)(?:  +(?P<meaning>\S.*))?$")
NOTE = re.compile(r" *\[(?P<key>range|values|default|needs|not with|required|repeatable)(?:: (?P<text>[^\]]*))?\]$")


class Option:
    """An option or argument: `names` (for example ["-h", "--help"], or ["PORT"] for an argument), `value` (what to give,
    for example N; empty for a flag), `meaning`, and `notes` (for example {"range": "1 to 9", "required": ""})."""

    def __init__(self, spelling, text):
        *others, last = spelling.split(", ")
        name, _, self.value = last.partition(" ")
        self.names = [*others, name]
        self.notes = {}
        while note := NOTE.search(text):
            self.notes[note["key"]] = note["text"] or ""
            text = text[: note.start()]
        self.meaning = text

    @property
    def name(self):
        """The long name, or the argument's."""
        return self.names[-1]

    @property
    def is_argument(self):
        return not self.name.startswith("-")

    @property
    def choices(self):
        return self.notes["values"].split(", ") if "values" in self.notes else []


class Help:
    """A program's `words` (its name and subcommand), `introduction`, `usage`, `groups` of options by their titles,
    `examples` (command lines) and `closing` (the sentences after them)."""

    def __init__(self, words, text):
        self.words = words
        self.examples, self.groups = [], {}
        closing = []
        introduction, _, rest = text.partition("\n\n")
        self.introduction = " ".join(introduction.split())
        group, found = None, []
        for line in rest.splitlines():
            option = OPTION_LINE.match(line)
            if line.startswith("Usage: "):
                self.usage = line.removeprefix("Usage: ")
            elif re.fullmatch(r"[A-Z][\w ]*:", line):
                group = line[:-1]
            elif group == "Examples":
                (self.examples if line.startswith("  ") else closing).append(line.strip())
            elif option:
                found.append((group, option["spelling"], [option["meaning"] or ""]))
            elif line.startswith("   "):
                found[-1][2].append(line)
        for group, spelling, lines in found:
            self.groups.setdefault(group, []).append(Option(spelling, " ".join(" ".join(lines).split())))
        self.closing = " ".join(closing).strip()

    @property
    def options(self):
        """All options and arguments, in their order."""
        return [option for group in self.groups.values() for option in group]


def read_help(bin_dir, program, words):
    """Runs a program of the folder `bin_dir` for its help."""
    done = subprocess.run([bin_dir / program, *words, "--help-all"], check=True, text=True, stdout=subprocess.PIPE)
    return Help([program, *words], done.stdout)
