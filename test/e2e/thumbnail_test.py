"""Tests thumbnails, from the uploaded image to the row in the history."""

import io
import pathlib
import sqlite3
import tempfile
import unittest

import support

try:
    from PIL import Image
except ImportError:
    Image = None

ORIENTATION = 0x0112  # EXIF's tag
TURN_CLOCKWISE = 6  # The left of the stored image is shown at the top.


def encoded(image, form, **options):
    """The bytes of an image file."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def images():
    """Returns image files in every format and color space, by name. They are red on the left and blue on the right."""
    scene = Image.new("RGB", (400, 200), "red")
    scene.paste("blue", (200, 0, 400, 200))
    exif = Image.Exif()
    exif[ORIENTATION] = TURN_CLOCKWISE
    transparent = scene.copy()
    transparent.putalpha(50)
    return {"turned.jpg": encoded(scene, "JPEG", exif=exif.tobytes()),
            "progressive.jpg": encoded(scene, "JPEG", progressive=True),
            "grey.jpg": encoded(scene.convert("L"), "JPEG"),
            "ink.jpg": encoded(scene.convert("CMYK"), "JPEG"),
            "transparent.png": encoded(transparent, "PNG"),
            "small.bmp": encoded(scene.resize((40, 20)), "BMP"),
            "web.webp": encoded(scene, "WEBP", lossless=True)}


class ThumbnailTest(support.ProgramTestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def rows(self, query):
        database = sqlite3.connect(self.folder / "history.sqlite")
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()

    def upload(self, files, *arguments):
        """Has the files recognized, and waits until their results are written."""
        dispatcher = self.start_dispatcher("--data-dir", self.folder, *arguments,
                                           workers=[self.start_worker()])
        for name, content in files.items():
            answer = support.upload(dispatcher.port, content, file_name=name)
            self.assertEqual(answer.status, 200, name)
        count = "SELECT count(*) FROM recognition"
        support.wait_until(lambda: self.rows(count) == [(len(files),)], "the rows to be written")

    @support.needs_decoding
    @unittest.skipUnless(Image, "needs python3-pil, which makes and reads the images")
    def test_each_recognition_has_a_thumbnail_of_the_image_as_it_is_shown(self):
        self.upload(images())
        rows = self.rows("SELECT file_name, jpeg FROM recognition JOIN thumbnail USING (id)")
        thumbnails = {name: Image.open(io.BytesIO(jpeg)) for name, jpeg in rows}
        sizes = {name: image.size for name, image in thumbnails.items()}
        wide = (160, 80)
        self.assertEqual(sizes, {"turned.jpg": (80, 160), "progressive.jpg": wide, "grey.jpg": wide,
                                 "ink.jpg": wide, "transparent.png": wide, "web.webp": wide,
                                 "small.bmp": (40, 20)})
        for name, image in thumbnails.items():
            self.assertEqual(image.format, "JPEG", name)
            self.assertNotIn(ORIENTATION, image.getexif(), name)
            first, last = (image.getpixel((image.width * at // 8, image.height * at // 8))
                           for at in (1, 7))
            if name == "grey.jpg":
                self.assertLess(max(first) - min(first), 3)
                continue
            self.assertGreater(first[0], first[2] + 100, name)
            self.assertGreater(last[2], last[0] + 100, name)

    @support.needs_decoding
    def test_no_thumbnails_makes_none(self):
        self.upload({"chelsea.png": support.sample("chelsea.png")}, "--no-thumbnails")
        self.assertEqual(self.rows("SELECT has_thumbnail FROM recognition"), [(0,)])
        self.assertEqual(self.rows("SELECT count(*) FROM thumbnail"), [(0,)])


if __name__ == "__main__":
    support.main()
