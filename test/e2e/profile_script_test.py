"""Tests how scripts/profile evaluates the reports of perf and callgrind, and runs it for a short time."""

import pathlib
import subprocess
import tempfile
import unittest

import support
import profile_phases

support.require_release_build()

PERF = """\
# comment
    24.10%|[JIT] tid 7985        |[.] 0x00007fc486963127
    14.50%|samoyed-worker        |[.] samoyed::worker::(anonymous namespace)::multiply_rows<5>
     4.20%|samoyed-worker        |[.] samoyed::worker::transform_output_tiles
     4.80%|samoyed-worker        |[.] samoyed::worker::(anonymous namespace)::narrow_group
     2.00%|samoyed-worker        |[.] samoyed::worker::Normalizer::normalize
     2.30%|libjpeg.so.62.3.0     |[.] 0x000000000002b51a    |-      -
     1.60%|libjpeg.so.62.3.0     |[.] 0x000000000002b2eb
     1.50%|[kernel.kallsyms]     |[k] copy_user_generic
     0.70%|samoyed-worker        |[.] samoyed::protocol::Base64Decoder::update
     0.50%|libc.so.6             |[.] __memmove_avx_unaligned_erms
"""
CALLGRIND = """\
--------------------------------------------------------------------------------
Ir
--------------------------------------------------------------------------------
9,876,543,210 (100.0%)  PROGRAM TOTALS

5,000,000,000 (50.63%)  ???:sgemm_kernel_ZEN [/usr/lib/x86_64-linux-gnu/libopenblasp-r0.3.21.so]
  400,000,000 ( 4.05%)  /src/worker/resize.cpp:samoyed::worker::resize_and_crop(samoyed::worker::Image const&) [/b/samoyed_bench]
"""


class PhasesTest(unittest.TestCase):
    def test_perfs_samples_are_sorted_into_phases(self):
        samples = profile_phases.read_perf(PERF)
        self.assertEqual(samples[3], (4.8, "samoyed-worker", "samoyed::worker::(anonymous namespace)::narrow_group"))
        self.assertIn(("libjpeg.so.62.3.0", "(no names)"), [sample[1:] for sample in samples])
        phases = {name: round(percent, 2) for name, percent in profile_phases.by_phase(samples).items()}
        self.assertEqual(phases, {"forward": 42.8, "resize, normalize": 6.8, "decode": 3.9,
                                  "kernel: sockets, memory, waiting": 1.5, "base64, checksum": 0.7,
                                  "memory and all else": 0.5})
        self.assertEqual(next(iter(phases)), "forward")

    def test_callgrinds_functions_are_sorted_into_phases(self):
        samples = profile_phases.read_callgrind(CALLGRIND)
        self.assertEqual(profile_phases.by_phase(samples), {"forward": 50.63, "resize, normalize": 4.05})


def perf_works():
    try:
        return subprocess.run(["perf", "record", "-q", "-o", "/dev/null", "true"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


@support.needs_worker
class ProfileScriptTest(unittest.TestCase):
    def profile(self, *arguments):
        return subprocess.run(
            [support.SOURCE_DIR / "scripts" / "profile", "--seconds", "1", "--bin-dir", support.bin_dir(),
             "--model", support.model(), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300,
            check=False)

    @unittest.skipIf(support.model_is_null(), "needs a network")
    @unittest.skipUnless(perf_works(), "needs perf (callgrind, which is used instead, takes minutes)")
    def test_a_run_prints_a_table_of_phases_and_one_of_symbols(self):
        done = self.profile(support.sample_path("chelsea.png"))
        self.assertEqual(done.returncode, 0, done.stderr)
        for phase in ("receive, base64, checksum", "decode", "resize, normalize", "forward, ranking"):
            self.assertRegex(done.stdout, rf"(?m)^\| {phase} \| [\d.]+ \| [\d.]+ % \|")
        self.assertRegex(done.stdout, r"(?m)^\| features\.3\.squeeze \| [\w:]+ \| [\d.]+ \| [\d.]+ % \|$")
        self.assertRegex(done.stdout, r"(?m)^\| forward \| [\d.]+ % \|$")

    def test_a_missing_image_is_an_error(self):
        done = self.profile("/nowhere.jpg")
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nowhere.jpg is not a file", done.stderr)

    def test_a_folder_without_the_programs_to_measure_with_is_an_error_that_says_what_to_do(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for program in ("samoyed-worker", "samoyed-dispatcher", "clientsocket"):
                (folder / program).symlink_to(support.bin_dir() / program)
            done = self.profile("--bin-dir", folder, support.sample_path("chelsea.png"))
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{folder} has no samoyed_bench: build what is missing with", done.stderr)
        self.assertIn(f"`ninja -C {folder.parent} samoyed_bench`", done.stderr)
        self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    support.main()
