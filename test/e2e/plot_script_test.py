"""Tests scripts/plot, which plots a history's CSV."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import support

PLOT = support.SOURCE_DIR / "scripts" / "plot"
HEADER = ("time,file_name,image_bytes,width,height,pixels,model,trained,worker,source,request_id,queue_ms,"
          "transfer_ms,decode_ms,resize_ms,forward_ms,total_ms,label_1,probability_1\r\n")
needs_gnuplot = unittest.skipUnless(shutil.which("gnuplot"), "needs gnuplot, which is missing")


def row(name, image_bytes, pixels, total_ms):
    return (f"2026-01-31T12:00:00.000Z,{name},{image_bytes},1,{pixels},{pixels},m,true,h:1,page,r,0,0,1,1,"
            f"{total_ms / 2},{total_ms},Samoyed,0.9\r\n")


class PlotTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def plot(self, text, out="out.svg"):
        (self.folder / "in.csv").write_text(text, newline="")
        return subprocess.run([PLOT, self.folder / "in.csv", self.folder / out], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    @needs_gnuplot
    def test_each_recognition_is_a_point_in_both_plots(self):
        rows = [row('"a ""b"", c"', 1000 * count, 4000 * count, 5.0 * count) for count in range(1, 41)]
        # A row without pixels is drawn only in the plot over bytes.
        rows.append(row("unknown.jpg", 5000, 0, 20))
        result = self.plot(HEADER + "".join(rows))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        svg = (self.folder / "out.svg").read_text()
        self.assertIn("41 recognitions", svg)
        self.assertIn("40 recognitions", svg)
        self.assertEqual(len(re.findall(r"<use xlink:href='#gpPt6'", svg)), 81)

    @needs_gnuplot
    def test_a_history_of_reference_servers_has_no_pixels(self):
        result = self.plot(HEADER + row("dog.jpg", 5000, 0, 20))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("no pixels are known", (self.folder / "out.svg").read_text())

    @needs_gnuplot
    def test_png(self):
        result = self.plot(HEADER + row("dog.jpg", 1, 2, 3), "out.png")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertTrue((self.folder / "out.png").read_bytes().startswith(b"\x89PNG"))

    def test_a_file_that_is_not_an_export_is_a_one_line_error(self):
        for text, reason in [("a,b\r\n1,2\r\n", "no column image_bytes"), (HEADER, "has no recognitions"),
                             (HEADER + row("dog.jpg", "many", 2, 3), "line 2: not a number"), ("", "no column")]:
            result = self.plot(text)
            self.assertEqual(result.returncode, 2)
            self.assertIn(reason, result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1)
            self.assertFalse((self.folder / "out.svg").exists())

    def test_other_formats_are_refused(self):
        self.assertEqual(self.plot(HEADER, "out.exe").returncode, 2)


if __name__ == "__main__":
    support.main()
