"""Runs the commands of a document as a reader would.

    commands_test.py SOURCE_DIR DOCUMENT...

Every block that is fenced as `sh` is run by bash, all blocks of a document one after the other in one shell, at the top
of the source tree. Each document gets namespaces of its own: no other process, no network but this machine's (with the
address 10.10.1.1 besides), and a file system whose changes are dropped. An HTML comment above a block says otherwise:

    <!-- background: TEXT -->  runs the block beside the following ones, which wait until it prints TEXT
    <!-- not run: WHY -->      leaves it out; all documents together may hold NOT_RUN_MAX of these

The first `json` block after a block shows what its last command prints: the keys and types are compared. The first `text`
block after it shows lines of the output: they are looked for in their order, without their numbers.
"""

import dataclasses
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "lib"))
# pylint: disable=wrong-import-position
from unpacked import PROXIES, find_postgresql  # noqa: E402

SKIPPED = 77  # CTest's status for a test that can't run here.
NOT_RUN_MAX = 15
TIMEOUT_S = 540
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"<!-- (background|not run): ((?:(?!-->).)*) -->\s*\Z", re.DOTALL)
# Directories that the commands of documents write to.
WRITTEN_DIRS = ["/etc", "/usr/local", "/var/lib", "/srv"]


@dataclasses.dataclass
class Block:
    """A fenced block of commands."""

    line: int
    commands: str
    mark: str  # "background", "not run" or nothing.
    mark_text: str
    answer_kind: str  # "json", "text" or nothing.
    answer: str


def read_blocks(text):
    """The blocks of commands in a document."""
    blocks = []
    for match in FENCE.finditer(text):
        kind, content = match.groups()
        if kind == "sh":
            mark = MARK.search(text[:match.start()])
            blocks.append(Block(text.count("\n", 0, match.start()) + 1, content, *(mark.groups() if mark else ("", "")),
                                "", ""))
        elif kind in ("json", "text"):
            ran = next((block for block in reversed(blocks) if block.mark != "not run"), None)
            if ran and not ran.answer:
                ran.answer_kind, ran.answer = kind, content
    return blocks


def write_script(blocks, name, folder):
    """The commands as one bash script, which names each block before it runs it."""
    parts = ["trap 'report $?' EXIT"]
    for number, block in enumerate(blocks):
        out = folder / f"{number}.out"
        if block.mark == "not run":
            continue
        # An error response fails the command, unless the document shows one.
        fail = "" if '"reason"' in block.answer else "--fail-with-body"
        parts.append(f"block={name}:{block.line} out={out} fail={fail}\necho \"--- $block\"")
        if block.mark == "background":
            parts.append(f"{{\n{block.commands}}} >{out} 2>&1 &")
            parts.append(f"await {out} {shlex.quote(block.mark_text)}")
        else:
            parts.append(f"{{\n{block.commands}}} >{out}")
    return "\n".join(parts) + "\n"


FUNCTIONS = """exec 3>&1
report() {
  if (($1 != 0)); then
    echo "$block failed with status $1; it printed:" >&3
    cat -- "$out" >&3
  fi
}
curl() {
  command curl $fail "$@"
}
await() {
  local tries
  for ((tries = 0; tries < 1200; ++tries)); do
    if grep -q -s -F -- "$2" "$1"; then return 0; fi
    sleep 0.1
  done
  echo "'$2' was not printed"
  return 1
}
"""


def overlay(path, folder):
    """Commands that cover `path` with a layer that takes all changes."""
    layer = folder / path.strip("/").replace("/", "_")
    return (f"mkdir -p {layer}/up {layer}/work; "
            f"mount -t overlay overlay -o lowerdir={path},upperdir={layer}/up,workdir={layer}/work {path}")


# What a document may find on the reader's machine: HAProxy, and the server that Debian's package postgresql starts, with
# `sudo -u postgres`. Only postgres has a password, which the server doesn't ask for.
POSTGRES = """postgres_folder={folder}/postgres
mkdir $postgres_folder
chmod 711 {folder}
chown 65534:65534 $postgres_folder
as_nobody() {{
  setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}}
(cd / && as_nobody {programs}/initdb -D $postgres_folder/data -U postgres --auth-local=trust --auth-host=scram-sha-256 \\
  -E UTF8 --locale=C.UTF-8 -N >$postgres_folder/initdb.log)
(cd / && as_nobody {programs}/pg_ctl -D $postgres_folder/data -w -o "-k $postgres_folder" start >$postgres_folder/start.log)
sudo() {{
  if [[ "$1 $2" != "-u postgres" ]]; then
    echo "this test knows only sudo -u postgres" >&2
    return 1
  fi
  PGHOST=$postgres_folder PGUSER=postgres PATH={programs}:$PATH "${{@:3}}"
}}
PATH=$PATH:{programs}:{proxies}
"""


# Without a connection or ../shared there is no trained model. The documents' commands then run with the untrained one,
# under the trained one's name, which only this test sees.
UNTRAINED_STANDS_IN = "[ -e models/squeezenet1_1.pth ] || ln -s untrained.pth models/squeezenet1_1.pth\n"


def isolate(source_dir, folder):
    """Commands that prepare the namespaces."""
    return "\n".join([
        "set -euo pipefail",
        "ip link set lo up",
        "ip address add 10.10.1.1/32 dev lo",
        f"mkdir {folder}/layers; mount -t tmpfs tmpfs {folder}/layers",
        *(overlay(path, folder / "layers") for path in [*WRITTEN_DIRS, str(source_dir)]),
        f"cd {source_dir}"]) + "\n"


def shape(value):
    """The keys and types of a JSON value; of a list those of its first element."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def last_object(text):
    """The last JSON object in a text that holds other things too."""
    decoder, last, start = json.JSONDecoder(), None, text.find("{")
    while start >= 0:
        try:
            last, start = decoder.raw_decode(text, start)
        except json.JSONDecodeError:
            start += 1
        start = text.find("{", start)
    return last


def lines_of(text):
    """The lines of a text in a form that doesn't depend on numbers or on the width of columns."""
    plain = (re.sub(r"[\d.]+|#+$", "", line) for line in text.splitlines())
    return [" ".join(line.split()) for line in plain if line.strip() and line.strip() != "..."]


def check_answer(block, printed, is_trained):
    """What is wrong with the answer that the document shows, or nothing."""
    if block.answer_kind == "json":
        wanted, got = shape(json.loads(block.answer)), shape(last_object(printed))
        if wanted != got:
            return f"the answer has another shape than the document shows:\n{got}\ninstead of\n{wanted}"
    elif block.answer_kind == "text" and is_trained:
        rest = iter(lines_of(printed))
        for line in lines_of(block.answer):
            if line not in rest:
                return f"the document shows a line that was not printed: {line!r}\n{printed}"
    return None


def run_document(source_dir, document, is_trained):
    """What went wrong, as a text; nothing if all went well."""
    text = document.read_text(encoding="utf-8")
    blocks = read_blocks(text)
    if all(block.mark == "not run" for block in blocks):
        return None
    with tempfile.TemporaryDirectory(prefix="samoyed_docs_") as name:
        folder = pathlib.Path(name)
        script = folder / "script"
        prepare = isolate(source_dir, folder) + ("" if is_trained else UNTRAINED_STANDS_IN)
        if "sudo -u postgres" in text:
            programs = find_postgresql()
            if not programs:
                return "the commands need PostgreSQL, which scripts/setup --test installs"
            prepare += POSTGRES.format(folder=folder, programs=programs, proxies=PROXIES / "usr" / "sbin")
        script.write_text(prepare + FUNCTIONS + write_script(blocks, document.name, folder), encoding="utf-8")
        bin_dir = pathlib.Path(os.environ.get("SAMOYED_BIN_DIR", source_dir / "build" / "release" / "bin"))
        environment = {**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}", "HOME": name}
        command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "bash", script]
        try:
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return f"the commands took more than {TIMEOUT_S} s"
        if done.returncode != 0:
            return f"a command failed with status {done.returncode}: see above"
        for number, block in enumerate(blocks):
            if block.mark == "not run":
                continue
            trouble = check_answer(block, (folder / f"{number}.out").read_text(encoding="utf-8"), is_trained)
            if trouble:
                return f"line {block.line}: {trouble}"
    return None


def check_marks(documents):
    """What is wrong with the blocks that are not run, or nothing."""
    marks = [(document, block) for document in documents
             for block in read_blocks(document.read_text(encoding="utf-8")) if block.mark == "not run"]
    if len(marks) > NOT_RUN_MAX:
        return f"{len(marks)} blocks are not run, at most {NOT_RUN_MAX} may be"
    return None


def main():
    source_dir = pathlib.Path(sys.argv[1]).resolve()
    documents = [source_dir / name for name in sys.argv[2:]]
    if len(documents) > 1:
        trouble = check_marks(documents)
    elif os.geteuid() != 0:
        print("skipped: making namespaces needs root")
        return SKIPPED
    elif os.environ.get("SAMOYED_WITHOUT_WORKER"):
        print("skipped: the documents' commands start samoyed-worker, which was not built")
        return SKIPPED
    else:
        trouble = run_document(source_dir, documents[0], not os.environ.get("SAMOYED_MODEL", "").endswith("untrained.pth"))
    if trouble:
        sys.exit(f"{documents[0].name}: {trouble}" if len(documents) == 1 else trouble)
    return 0


if __name__ == "__main__":
    sys.exit(main())
