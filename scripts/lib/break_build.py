"""Compiles the breaks in: only the files that have some, linked with everything else of the release build."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import breaks

# The programs that end-to-end tests start.
PROGRAMS = ("samoyed-dispatcher", "samoyed-worker", "samoyed-decoder", "clientsocket")

# Tests don't need the last bit of speed, and this compiles in half the time.
OPTIMIZATION = ("-O3", "-O1")

RULE = "rule run\n  command = $command\n  description = $out\n"


class BuildError(Exception):
    """A build that can't begin. The message says what to do."""


class Edge:
    """One step of the release build."""

    def __init__(self, entry):
        self.output = entry["output"]
        self.file = entry["file"]
        self.command = entry["command"]

    @property
    def is_object(self):
        return self.output.endswith(".o")

    @property
    def is_embedding(self):
        """Whether it makes sources of files that aren't code (src/EmbedFiles.cmake)."""
        return "EmbedFiles.cmake" in self.command

    def words(self):
        """The words of the compiler's, archiver's or linker's own command, without what follows it."""
        commands = [part.strip() for part in self.command.split("&&")]
        wanted = [part for part in commands if part not in ("", ":") and not part.startswith("/usr/bin/cmake -E rm")]
        return shlex.split(wanted[0])


def ninja_text(edges):
    """Returns a build file of {output: (command, inputs)}."""
    lines = [RULE]
    for output, (command, inputs) in edges.items():
        lines.append(f"build {output}: run {' '.join(inputs)}\n  command = {command.replace('$', '$$')}\n")
    return "\n".join(lines)


class Build:
    """The programs with breaks, in build/mutate."""

    def __init__(self, source_dir, folder, jobs):
        self.source_dir = pathlib.Path(source_dir)
        self.release_dir = self.source_dir / "build" / "release"
        self.folder = pathlib.Path(folder)
        self.bin_dir = self.folder / "bin"
        self._jobs = jobs
        self._targets = set()
        self._replaced = {}  # {path of a source: path of its copy with breaks}

    def update(self, all_breaks, alone=None):
        """Writes a copy of each source that has switched breaks, and of that of `alone`, which is compiled in
        unconditionally. Copies that don't change keep their time."""
        self._write("include/samoyed/break.hpp", breaks.HEADER)
        contents = {name: breaks.apply_switched(items, self._read(name))
                    for name, items in breaks.by_file(all_breaks).items()}
        if alone:
            contents[alone.file] = breaks.apply_alone(alone, self._read(alone.file))
        self._replaced = {str(self.source_dir / name): self._write(name, text) for name, text in contents.items()}

    def build(self, targets):
        """Brings the release build up to date, then compiles and links what `targets` need."""
        self._targets = set(targets)
        self._ninja(self.release_dir, sorted(targets))
        release = [Edge(entry) for entry in json.loads(self._ask("compdb"))]
        (self.folder / "build.ninja").write_text(ninja_text(self._edges(release)), encoding="utf-8")
        self._ninja(self.folder, [str(self.bin_dir / target) for target in sorted(targets)])
        for path in (self.release_dir / "bin").iterdir():
            link = self.bin_dir / path.name
            if path.name not in targets and not link.exists():
                link.symlink_to(path)

    def check(self):
        """Throws BuildError without a release build."""
        if not (self.release_dir / "build.ninja").exists():
            raise BuildError("there is no build in build/release: run scripts/build first")

    def _read(self, name):
        return (self.source_dir / name).read_text(encoding="utf-8")

    def _write(self, name, text):
        path = self.folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return str(path)

    def _ask(self, tool):
        return subprocess.run(["ninja", "-t", tool], cwd=self.release_dir, check=True, stdout=subprocess.PIPE,
                              text=True).stdout

    def _ninja(self, folder, targets):
        subprocess.run(["nice", "-n", "10", "ninja", "-C", folder, "-j", str(self._jobs), *targets], check=True,
                       stdout=sys.stderr)

    def _edges(self, release):
        """Returns {output: (command, inputs)} of what differs from the release build."""
        edges = {}
        replaced = dict(self._replaced)
        for edge in release:
            if edge.is_embedding:
                edges |= self._embedding(edge, replaced)
        objects = self._objects(release, replaced, edges)
        archives = {edge.output: edge.words()[3:] for edge in release if edge.output.endswith(".a") and edge.command}
        for edge in release:
            if edge.output in {f"bin/{target}" for target in self._targets}:
                edges |= self._program(edge, objects, archives)
        return edges

    def _embedding(self, edge, replaced):
        """Embeds the copies of files that aren't code, and notes the source that is made of them."""
        changed = [path for path in replaced if re.search(re.escape(path) + "[;\"]", edge.command)]
        if not changed:
            return {}
        command = edge.command
        for path in changed:
            command = command.replace(path, replaced[path])
        made = pathlib.Path(edge.output).with_suffix("")
        command = command.replace(str(self.release_dir / made), str(self.folder / made))
        replaced[str(self.release_dir / made) + ".cpp"] = str(self.folder / made) + ".cpp"
        (self.folder / made).parent.mkdir(parents=True, exist_ok=True)
        return {f"{self.folder / made}.cpp": (command, [replaced[path] for path in changed])}

    def _objects(self, release, replaced, edges):
        """Adds the objects with breaks to `edges`. Returns {object of the release build: object with breaks}."""
        objects = {}
        including = self._objects_of_headers(replaced)
        for edge in release:
            if not edge.is_object:
                continue
            sources = self._sources(edge.file)
            if not any(source in replaced for source in sources) and edge.output not in including:
                continue
            own = self.folder / edge.output
            source = self._write_source(edge, sources, replaced)
            command = edge.command.replace(edge.output, str(own)).replace(f"-c {edge.file}", f"-c {source}")
            command = re.sub(r"^\S*ccache ", "", command).replace(*OPTIMIZATION)
            command = command.replace(" -I", f" -I{self.folder}/include -I{self.folder}/src -I", 1)
            copies = [replaced[path] for path in sources if path in replaced]
            headers = [copy for path, copy in replaced.items() if path.endswith(".hpp")]
            inputs = [source, str(self.folder / "include/samoyed/break.hpp"), str(self.release_dir / edge.output)]
            edges[str(own)] = (f"cd {self.release_dir} && {command}", inputs + copies + headers)
            objects[edge.output] = str(own)
        return objects

    def _objects_of_headers(self, replaced):
        """Returns the objects of the release build that include a header with breaks."""
        headers = {path for path in replaced if path.endswith(".hpp")}
        found = set()
        output = ""
        for line in self._ask("deps").splitlines() if headers else ():
            if not line.startswith(" "):
                output = line.split(":")[0]
            elif os.path.normpath(self.release_dir / line.strip()) in headers:
                found.add(output)
        return found

    def _sources(self, file):
        """Returns the files that a unity build puts together in one, or just the file."""
        if not pathlib.Path(file).name.startswith("unity_"):
            return [str(self.release_dir / file)]
        return re.findall(r'^#include "(.*)"$', pathlib.Path(file).read_text(encoding="utf-8"), re.MULTILINE)

    def _write_source(self, edge, sources, replaced):
        """Returns the source to compile: one that includes the copies with breaks, and the other files."""
        text = "".join(f'#include "{replaced.get(source, source)}"\n' for source in sources)
        return self._write(f"{edge.output}.cxx", text)

    def _program(self, edge, objects, archives):
        """Links objects with breaks first, so that their functions count if an archive has the same ones."""
        words = edge.words()
        inputs = [word for word in words if word.endswith((".o", ".a")) and not word.startswith("/")]
        of_archives = [objects[member] for word in dict.fromkeys(words) if word in archives
                       for member in archives[word] if member in objects]
        own = str(self.bin_dir / pathlib.Path(edge.output).name)
        words = [objects.get(word, own if word == edge.output else word) for word in words]
        at = words.index("-o")
        command = shlex.join([*words[:at], *of_archives, "-Wl,--allow-multiple-definition", *words[at:]])
        replaced = [objects.get(word, str(self.release_dir / word)) for word in inputs]
        return {own: (f"cd {self.release_dir} && {command}", replaced + of_archives)}
