"""The list of one-line breaks in test/mutate, and how they are compiled in. Nothing here runs a program."""

import dataclasses
import pathlib
import re
import tomllib

HEADER_INCLUDE = '#include "samoyed/break.hpp"'

# Each source that holds breaks includes this header. A break's number is the hash of its name, so that adding one break
# changes no other source. In a constant expression the original is used, because the environment is unknown there.
HEADER = """#pragma once

#include <cstdint>
#include <cstdlib>

namespace samoyed {

inline std::uint64_t active_break() {
  static const std::uint64_t number = [] {
    std::uint64_t hash = 0xcbf29ce484222325;
    const char* name = std::getenv("SAMOYED_BREAK");
    for (; name != nullptr && *name != 0; ++name) {
      hash = (hash ^ static_cast<unsigned char>(*name)) * 0x100000001b3;
    }
    return hash;
  }();
  return number;
}

constexpr bool is_broken(std::uint64_t number) {
  return !__builtin_is_constant_evaluated() && active_break() == number;
}

}  // namespace samoyed
"""

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FIELDS = {"name", "file", "old", "new", "within", "tests", "why", "rebuild"}


class ListError(Exception):
    """An entry of the list that can't be used. The message says which one, and what to do."""


@dataclasses.dataclass(frozen=True)
class Break:
    """One broken line. `old` is an expression, or one or more statements if it ends with `;` or `}`."""

    room: str
    name: str
    file: str
    old: str
    new: str
    within: str = ""  # A longer piece of the file that occurs once and contains `old` once.
    tests: str = ""  # Regular expression of CTest entries, run after the room's own programs.
    why: str = ""  # Why a break that no test notices is acceptable.
    rebuild: bool = False  # The break is compiled in alone, because it can't be chosen at run time.
    programs: tuple = ()  # The room's test programs.
    arguments: tuple = ()  # Their arguments, such as the names of tests to leave out.

    @property
    def is_alone(self):
        """Whether this break needs a build of its own."""
        return self.rebuild or not self.file.endswith((".cpp", ".hpp"))


def parse_room(room, text):
    """Returns the breaks of the TOML text of one room."""
    breaks = []
    document = tomllib.loads(text)
    programs = tuple(document.get("programs", [f"samoyed_{room}_tests"]))
    arguments = tuple(document.get("arguments", []))
    for number, entry in enumerate(document.get("break", []), 1):
        where = f"test/mutate/{room}.toml: break {number} ({entry.get('name', 'without a name')})"
        if unknown := entry.keys() - FIELDS:
            raise ListError(f"{where}: unknown field {sorted(unknown)[0]}")
        if missing := {"name", "file", "old", "new"} - entry.keys():
            raise ListError(f"{where}: the field {sorted(missing)[0]} is missing")
        if not NAME.fullmatch(entry["name"]):
            raise ListError(f"{where}: a name consists of lower-case words and hyphens")
        breaks.append(Break(room=room, programs=programs, arguments=arguments, **entry))
    return breaks


def load(folder):
    """Returns the breaks of all rooms, in the order of their files."""
    breaks = []
    for path in sorted(pathlib.Path(folder).glob("*.toml")):
        breaks += parse_room(path.stem, path.read_text(encoding="utf-8"))
    names = set()
    for item in breaks:
        if item.name in names:
            raise ListError(f"two breaks are named {item.name}: rename one")
        names.add(item.name)
    return breaks


def find(item, text):
    """Returns the range [begin, end) of `old` in the text of the file."""
    context = item.within or item.old
    for part, whole, field in ((context, text, "within" if item.within else "old"), (item.old, context, "old")):
        if (count := whole.count(part)) != 1:
            raise ListError(f"{item.name}: `{field}` occurs {count} times, but must occur once; "
                            f"adapt test/mutate/{item.room}.toml to {item.file}")
    begin = text.index(context) + context.index(item.old)
    return begin, begin + len(item.old)


def break_number(name):
    """The 64-bit FNV-1a hash of the name, as the header computes it."""
    number = 0xcbf29ce484222325
    for byte in name.encode():
        number = (number ^ byte) * 0x100000001b3 % 2**64
    return number


def _switched(item, original):
    """The code that chooses between the broken and the original code at run time."""
    condition = f"::samoyed::is_broken({break_number(item.name):#x})"
    if item.old.endswith((";", "}")):
        return f"{{ if ({condition}) {{ {item.new} }} else {{ {original} }} }}"
    return f"({condition} ? ({item.new}) : ({original}))"


def apply_switched(breaks, text):
    """Returns the text of a file with all of its `breaks` behind switches. Lines keep their numbers."""
    places = {}
    for item in breaks:
        places.setdefault(find(item, text), []).append(item)
    last_begin = len(text)
    for (begin, end), items in sorted(places.items(), reverse=True):
        if end > last_begin:
            raise ListError(f"{items[0].name}: overlaps with another break; choose a smaller piece or the same one")
        code = text[begin:end]
        for item in items:
            code = _switched(item, code)
        text = text[:begin] + code + text[end:]
        last_begin = begin
    return f"{HEADER_INCLUDE}\n#line 1\n{text}"


def apply_alone(item, text):
    """Returns the text of a file with one break in place of the original code."""
    begin, end = find(item, text)
    return text[:begin] + item.new + text[end:]


def by_file(breaks):
    """Returns {file: breaks that are chosen at run time}."""
    files = {}
    for item in breaks:
        if not item.is_alone:
            files.setdefault(item.file, []).append(item)
    return files
