"""Checks with readelf that the built programs are hardened: see src/Hardening.cmake."""

import os
import re
import subprocess
import unittest

import support

PROGRAMS = ("samoyed-dispatcher", "clientsocket", "samoyed-worker", "samoyed-decoder", "samoyed-announcer")


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, support.bin_dir() / program], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def built_programs():
    return PROGRAMS if support.has_worker() else PROGRAMS[:2]


class HardeningTest(unittest.TestCase):
    def test_programs_load_at_random_addresses(self):
        for program in built_programs():
            with self.subTest(program):
                self.assertIn("Position-Independent Executable", readelf(program, "--file-header"))

    def test_the_table_of_library_functions_is_read_only(self):
        for program in built_programs():
            with self.subTest(program):
                self.assertIn("GNU_RELRO", readelf(program, "--program-headers"))
                self.assertRegex(readelf(program, "--dynamic"), r"FLAGS_1.*\bNOW\b")

    def test_no_memory_can_be_written_and_executed(self):
        for program in built_programs():
            with self.subTest(program):
                headers = readelf(program, "--program-headers")
                self.assertRegex(headers, r"GNU_STACK.* RW +0x")
                self.assertNotRegex(headers, r"(LOAD|GNU_STACK).* RWE ")

    def test_overflows_of_the_stack_are_noticed(self):
        for program in built_programs():
            with self.subTest(program):
                self.assertIn("__stack_chk_fail", readelf(program, "--dyn-syms"))

    @unittest.skipUnless(os.environ.get("SAMOYED_FORTIFIED"), "FORTIFY needs an optimized build without sanitizers")
    def test_functions_of_libc_check_their_buffers(self):
        for program in built_programs():
            with self.subTest(program):
                checked = set(re.findall(r"\b__(\w+)_chk@", readelf(program, "--dyn-syms")))
                self.assertTrue(checked, program)

    def test_containers_check_their_indexes(self):
        for program in built_programs():
            with self.subTest(program):
                self.assertIn("__glibcxx_assert_fail", readelf(program, "--dyn-syms"))


if __name__ == "__main__":
    support.main()
