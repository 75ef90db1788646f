"""Tests the systemd units: systemd's own analysis of them, and the programs as the unprivileged user that units get.

The test can't start units, because systemd isn't running here. So systemd-analyze checks them, and the programs run
with the part of the hardening that needs no systemd: an unprivileged user, no capabilities, no new privileges.
"""

import configparser
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import support
import program_help

support.require_worker()

UNITS_DIR = support.SOURCE_DIR / "packaging" / "systemd"
UNITS = ["samoyed-worker@.service", "samoyed-dispatcher.service"]
# systemd's own scale of exposure goes up to 100. It rates values up to 20 as "OK".
EXPOSURE_MAX = 20
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
          "--bounding-set=-all", "--inh-caps=-all"]


def read_unit(name):
    """Reads a unit as sections of settings. If a setting appears twice, the last one counts."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(UNITS_DIR / name)
    return parser


def default(program, name):
    """The default of a program's option that takes a number."""
    options = program_help.read_help(support.bin_dir(), program, []).options
    return int(next(option.notes["default"] for option in options if option.name == name))


def worker_default(name):
    return default("samoyed-worker", name)


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", "--no-pager", *arguments], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze, which is missing")
class AnalysisTest(unittest.TestCase):
    """Analyzes the units with the paths of the programs that were just built."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name in UNITS:
            text = (UNITS_DIR / name).read_text()
            text = text.replace("@BIN_DIR@", str(support.bin_dir())).replace("@SYSCONF_DIR@", "/etc")
            (self.folder / name.replace("@.", "@8888.")).write_text(text)

    def test_systemd_finds_no_error(self):
        for unit in self.folder.iterdir():
            result = analyze("verify", unit)
            self.assertEqual((result.returncode, result.stdout), (0, ""), unit.name)

    def test_systemd_finds_little_exposed(self):
        for unit in self.folder.iterdir():
            result = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", unit)
            self.assertEqual(result.returncode, 0, result.stdout)

    def assert_drop_in(self, name, in_place_of_data):
        """systemd accepts the drop-in, and its command is the unit's with other options in place of those for data."""
        unit = self.folder / "samoyed-dispatcher.service"
        drop_ins = self.folder / f"{unit.name}.d"
        drop_ins.mkdir()
        text = (support.SOURCE_DIR / "deploy" / "systemd" / drop_ins.name / name).read_text()
        self.assertIn("ExecStart=/usr/bin/samoyed-dispatcher ", text)
        (drop_ins / name).write_text(text.replace("/usr/bin", str(support.bin_dir())))
        result = analyze("verify", unit)
        self.assertEqual((result.returncode, result.stdout), (0, ""))
        own = re.search(r"ExecStart=\S+/((?:.*\\\n)*.*)", unit.read_text())[1]
        data = r"\\\n  --state \S+ --data-dir \S+ "
        self.assertRegex(own, data)
        self.assertTrue(text.endswith(f"/{re.sub(data, in_place_of_data, own)}\n"), text)

    def test_systemd_finds_no_error_in_a_dispatcher_without_data(self):
        self.assert_drop_in("without-data.conf", "")

    def test_systemd_finds_no_error_in_a_dispatcher_with_a_shared_store(self):
        self.assert_drop_in("shared-store.conf", "--store ${STORE} --instance-name %H ")


class UnitTest(unittest.TestCase):
    def test_a_crash_restarts_the_service_and_a_stop_has_time_to_drain(self):
        for name in UNITS:
            unit = read_unit(name)
            self.assertEqual(unit["Service"]["Restart"], "on-failure", name)
            self.assertEqual(unit["Unit"]["StartLimitIntervalSec"], "0", name)
            self.assertEqual(unit["Service"]["DynamicUser"], "yes", name)
            # Status 2 means that someone must change an option first.
            self.assertEqual(unit["Service"]["RestartPreventExitStatus"], "2", name)
            program = name.split("@")[0].removesuffix(".service")
            drain_ms = default(program, "--drain-timeout-ms")
            if program == "samoyed-dispatcher":
                # What deploy/haproxy.cfg needs.
                drain_ms += 10000
            else:
                # A worker with --announce withdraws first.
                drain_ms += 4000
            self.assertGreater(int(unit["Service"]["TimeoutStopSec"]) * 1000, drain_ms, name)

    def test_a_dispatcher_lists_the_worker_of_its_machine(self):
        settings = (UNITS_DIR / "samoyed-dispatcher.default").read_text()
        self.assertIn('\nOPTIONS="--worker 127.0.0.1:8888"\n', settings)
        self.assertIn('"OPTIONS=--worker 127.0.0.1:8888"', read_unit("samoyed-dispatcher.service")["Service"]["Environment"])

    def test_a_workers_threads_fit_into_its_memory(self):
        unit = read_unit("samoyed-worker@.service")["Service"]
        self.assertIn("--threads ${THREADS}", unit["ExecStart"])
        threads = int(re.search(r"\bTHREADS=(\d+)", unit["Environment"])[1])
        settings = (UNITS_DIR / "samoyed-worker.default").read_text()
        self.assertIn(f"\nTHREADS={threads}\n", settings)
        # The sum from PROTOCOL.md, "Limits".
        held = worker_default("--receiving-bytes-max") + worker_default("--queue-bytes-max") + (300 << 20) + threads * (
            worker_default("--image-bytes-max") + worker_default("--decode-memory-bytes-max"))
        memory_max = int(unit["MemoryMax"].removesuffix("G")) << 30
        self.assertGreater(memory_max - held, 1 << 30)


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs root and setpriv")
class UnprivilegedTest(support.ProgramTestCase):
    def test_both_programs_work_for_an_unprivileged_user(self):
        # That user can't enter a developer's build folder, so the programs and the model are copied elsewhere.
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        folder.chmod(0o755)
        announces = (support.bin_dir() / "samoyed-announcer").exists()
        for file in ["samoyed-worker", "samoyed-decoder", "samoyed-dispatcher", *["samoyed-announcer"] * announces]:
            shutil.copy(support.bin_dir() / file, folder)
        arguments = ["null"]
        if str(support.model()) != "null":
            shutil.copy(support.model(), folder / "model.pth")
            arguments = [folder / "model.pth"]
        worker = self.start(*NOBODY, folder / "samoyed-worker", "127.0.0.1", "0", "--model",
                            *arguments, cwd="/").wait_until_ready()
        dispatcher = self.start(*NOBODY, folder / "samoyed-dispatcher", "--port", "0", "--worker",
                                worker.address, cwd="/").wait_until_ready()
        response = support.upload(dispatcher.port, support.sample("chelsea.png"))
        self.assertEqual(response.status, 200, response.text)
        self.assertEqual(len(support.result_rows(response.text)), 5)
        if announces:
            url = f"http://127.0.0.1:{dispatcher.port}"
            another = self.start(*NOBODY, folder / "samoyed-worker", "127.0.0.1", "0", "--model", "null",
                                 "--announce", url, cwd="/").wait_until_ready()
            self.assertTrue(another.log.wait_for(f"announced {another.address} to {url}"), another.log.text())
            another.stop()
        worker.stop()
        dispatcher.stop()


if __name__ == "__main__":
    support.main()
