"""Tests what `cmake --install` brings. scripts/test-packages tests the Debian packages."""

import pathlib
import subprocess
import tempfile
import unittest

import support

support.require_worker()

EVERYWHERE = ["share/man/man1/{}.1.gz", "share/bash-completion/completions/{}", "share/zsh/vendor-completions/_{}",
              "share/fish/vendor_completions.d/{}.fish"]
FILES = ["bin/clientsocket", "bin/samoyed-announcer", "bin/samoyed-decoder", "bin/samoyed-dispatcher", "bin/samoyed-worker",
         "etc/default/samoyed-dispatcher", "etc/default/samoyed-worker",
         "lib/systemd/system/samoyed-dispatcher.service", "lib/systemd/system/samoyed-worker@.service",
         "share/man/man1/clientsocket-bench.1.gz", "share/man/man1/samoyed-announcer.1.gz",
         "share/man/man1/samoyed-decoder.1.gz",
         "share/samoyed/grafana/samoyed.json", "share/samoyed/prometheus/samoyed.rules.yml",
         *(f"share/doc/samoyed-{part}/copyright" for part in ("client", "dispatcher", "worker"))]


def install(prefix):
    """Installs the build into `prefix`."""
    return subprocess.run(["cmake", "--install", support.bin_dir().parent, "--prefix", prefix], text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


class InstallTest(support.ProgramTestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.prefix = pathlib.Path(folder.name)
        install(cls.prefix)

    def test_everything_is_there(self):
        for name in FILES:
            self.assertTrue((self.prefix / name).is_file(), name)
        for program in ("clientsocket", "samoyed-dispatcher", "samoyed-worker"):
            for pattern in EVERYWHERE:
                self.assertTrue((self.prefix / pattern.format(program)).is_file(), pattern.format(program))

    def test_units_name_the_paths_of_the_installation(self):
        for name, program in (("samoyed-worker@.service", "samoyed-worker"),
                              ("samoyed-dispatcher.service", "samoyed-dispatcher")):
            unit = (self.prefix / "lib/systemd/system" / name).read_text()
            self.assertIn(f"ExecStart={self.prefix}/bin/{program} ", unit)
            self.assertIn(f"EnvironmentFile=-{self.prefix}/etc/default/{program}\n", unit)
            self.assertNotIn("@BIN_DIR@", unit)

    def test_a_second_installation_keeps_changed_settings(self):
        settings = self.prefix / "etc/default/samoyed-worker"
        settings.write_text("THREADS=7\n")
        install(self.prefix)
        self.assertEqual(settings.read_text(), "THREADS=7\n")

    def test_an_installed_worker_finds_its_decoder(self):
        worker = self.start(self.prefix / "bin/samoyed-worker", "127.0.0.1", 0, "--model", support.model(),
                            cwd="/").wait_until_ready()
        dispatcher = self.start(self.prefix / "bin/samoyed-dispatcher", "--port", "0", "--worker", worker.address,
                                cwd="/").wait_until_ready()
        response = support.upload(dispatcher.port, support.sample("chelsea.png"))
        self.assertEqual(response.status, 200, response.text)

    @unittest.skipUnless(support.promtool(), "needs promtool: run scripts/fetch-promtool")
    def test_promtool_accepts_the_alerts(self):
        checked = subprocess.run([support.promtool(), "check", "rules",
                                  self.prefix / "share/samoyed/prometheus/samoyed.rules.yml"], text=True, check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(checked.returncode, 0, checked.stdout)


if __name__ == "__main__":
    support.main()
