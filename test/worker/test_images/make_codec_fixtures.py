#!/usr/bin/python3
"""Makes the JPEG 2000 files in data/ and the pixels that their judges decode from them.

Needs Debian 12's python3-pil (Pillow 9.4) and libopenjp2-tools. The files are kept in
the repository, so that the tests don't need these. Run this again only to add a file. For each image file NAME there is
NAME.ppm.
"""

import io
import pathlib
import struct
import subprocess
import tempfile

from PIL import Image

from make_image_fixtures import DATA, HEIGHT, WIDTH, make_image, noise, png, saved, write_ppm


def run(*command, folder):
    subprocess.run([str(word) for word in command], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def write(name, content, pixels):
    (DATA / name).write_bytes(content)
    write_ppm(name, pixels)


def box(kind, content):
    return struct.pack(">I", 8 + len(content)) + kind + content


def jp2(codestream, color_space, components, boxes=b""):
    """Returns a JP2 file of 8-bit components with that number in its color specification, and more header boxes."""
    header = box(b"ihdr", struct.pack(">IIHBBBB", HEIGHT, WIDTH, components, 7, 7, 0, 0))
    header += box(b"colr", struct.pack(">BBBI", 1, 0, 0, color_space)) + boxes
    return (box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + box(b"jp2h", header)
            + box(b"jp2c", codestream))


def codestream(image, **options):
    return saved(image, "JPEG2000", no_jp2=True, **options)


def jpeg2000_files():
    """Files that Pillow decodes correctly."""
    rgb, rgba, gray = make_image("RGB"), make_image("RGBA"), make_image("L")
    yield "grey.jp2", saved(gray, "JPEG2000")
    yield "grey_alpha.jp2", saved(make_image("LA"), "JPEG2000")
    yield "rgb.jp2", saved(rgb, "JPEG2000")
    yield "rgba.jp2", saved(rgba, "JPEG2000")
    yield "rgb.j2k", codestream(rgb, mct=1)
    yield "lossy.jp2", saved(rgb, "JPEG2000", irreversible=True, mct=1, quality_layers=[8, 4, 2])
    yield "tiles.jp2", saved(rgb, "JPEG2000", tile_size=(8, 8), num_resolutions=2)
    yield "offset.j2k", codestream(rgb, offset=(3, 5), tile_offset=(1, 2), tile_size=(16, 16))
    yield "signed.jp2", saved(rgb, "JPEG2000", signed=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        rgb.save(folder / "rgb.ppm")
        gray.convert("1").save(folder / "bit.pbm")
        compress = ("opj_compress", "-i")
        run(*compress, "rgb.ppm", "-o", "parts.jp2", "-TP", "R", "-SOP", "-EPH", "-PLT", "-TLM", "-b", "8,8", "-c",
            "[16,16],[8,8]", "-n", 3, "-r", "4,1", "-p", "RPCL", "-M", 5, folder=folder)
        run(*compress, "bit.pbm", "-o", "bit.jp2", "-n", 3, folder=folder)
        planes = [image.tobytes() for image in (make_image("L", 48, 32), make_image("L", 24, 16), make_image("L", 24, 17))]
        (folder / "planes.yuv").write_bytes(planes[0] + planes[1] + planes[2][24:])
        run(*compress, "planes.yuv", "-o", "ycc_420.jp2", "-F", "48,32,3,8,u@1x1:2x2:2x2", "-n", 3, folder=folder)
        for name in ("parts.jp2", "bit.jp2", "ycc_420.jp2"):
            yield name, (folder / name).read_bytes()


def write_own_jpeg2000():
    """Writes JPEG 2000 files that Pillow 9.4 reads wrongly, with pixels that are made here. It shows the indices of
    palettes as gray, takes YCbCr and CMYK for RGB, turns 16-bit gray white, and lets the brightest 16-bit values
    overflow to black."""
    rgb = make_image("RGB")
    few = rgb.quantize(11)
    colors = few.getpalette()[:33]
    palette = box(b"pclr", struct.pack(">HBBBB", 11, 3, 7, 7, 7) + bytes(colors))
    mapping = box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, column) for column in range(3)))
    indices = Image.frombytes("L", few.size, few.tobytes())
    write("palette.jp2", jp2(codestream(indices), 16, 1, palette + mapping), few.convert("RGB"))
    ycc = rgb.convert("YCbCr")
    write("ycc.jp2", jp2(codestream(Image.merge("RGB", ycc.split())), 18, 3), ycc.convert("RGB"))
    cmyk = make_image("CMYK")
    write("cmyk.jp2", jp2(codestream(Image.merge("RGBA", cmyk.split())), 12, 4), cmyk.convert("RGB"))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, color_type, bands in (("grey_16bit", 0, 1), ("rgb_16bit", 2, 3)):
            samples = noise(2 * WIDTH * HEIGHT * bands, bands)
            row = 2 * WIDTH * bands
            (folder / f"{name}.png").write_bytes(
                png(WIDTH, HEIGHT, 16, color_type, [samples[y * row:(y + 1) * row] for y in range(HEIGHT)]))
            run("opj_compress", "-i", f"{name}.png", "-o", f"{name}.jp2", "-n", 3, folder=folder)
            rounded = bytes(min((value + 128) >> 8, 255) for value in struct.unpack(f">{len(samples) // 2}H", samples))
            pixels = Image.frombytes("L" if bands == 1 else "RGB", (WIDTH, HEIGHT), rounded).convert("RGB")
            write(f"{name}.jp2", (folder / f"{name}.jp2").read_bytes(), pixels)


def main():
    for name, content in jpeg2000_files():
        write(name, content, Image.open(io.BytesIO(content)).convert("RGB"))
    write_own_jpeg2000()


if __name__ == "__main__":
    main()
