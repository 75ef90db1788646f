#!/usr/bin/python3
"""Makes the JPEG 2000, HEIC and AVIF files in data/ and the pixels that their judges decode from them.

Needs Debian 12's python3-pil (Pillow 9.4), libopenjp2-tools, libheif-examples and libavif-bin. The files are kept in
the repository, so that the tests don't need these. Run this again only to add a file. For each image file NAME there
is NAME.ppm, which has the pixels of Pillow, heif-convert or avifdec.
"""

import io
import pathlib
import struct
import subprocess
import tempfile

from PIL import Image

from make_image_fixtures import DATA, HEIGHT, WIDTH, exif, exif_with_thumbnail, make_image, noise, png, saved, write_ppm


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
        planes = [make_image("L", *size).tobytes() for size in ((48, 32), (24, 16), (24, 17))]
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


def full_box(kind, content, version=0, flags=0):
    return box(kind, bytes([version, 0, 0, flags]) + content)


def children(boxes):
    """Yields the type and the bytes of each box."""
    while boxes:
        size, kind = struct.unpack(">I4s", boxes[:8])
        yield kind, boxes[:size]
        boxes = boxes[size:]


def coded_image(file):
    """Returns the configuration (hvcC or av1C) and the data of a HEIF file with one image and nothing else."""
    boxes = dict(children(file))
    meta = dict(children(boxes[b"meta"][12:]))
    properties = dict(children(dict(children(meta[b"iprp"][8:]))[b"ipco"][8:]))
    return properties.get(b"hvcC") or properties[b"av1C"], boxes[b"mdat"][8:]


def size_of(width, height):
    return full_box(b"ispe", struct.pack(">II", width, height))


def heif(brand, items, references=(), primary=1):
    """Returns a HEIF file. `items` are pairs of a type and data with property boxes, and have the ids 1, 2, ...;
    `references` are a type, an id and the ids that it refers to."""
    properties = [entry for _, _, entries in items for entry in entries]
    # The parts of a grid are hidden.
    parts = [part for kind, _, to in references if kind == b"dimg" for part in to]
    associations, infos, index = b"", b"", 1
    for number, (kind, _, entries) in enumerate(items, 1):
        # Transformations and configurations are essential.
        flags = [0x80 if entry[4:8] in (b"hvcC", b"av1C", b"irot", b"imir", b"clap") else 0 for entry in entries]
        associations += struct.pack(">HB", number, len(entries))
        associations += bytes(flag | (index + i) for i, flag in enumerate(flags))
        index += len(entries)
        infos += full_box(b"infe", struct.pack(">HH4sx", number, 0, kind), 2, int(number in parts))
    boxes = full_box(b"hdlr", bytes(4) + b"pict" + bytes(13)) + full_box(b"pitm", struct.pack(">H", primary))
    boxes += full_box(b"iinf", struct.pack(">H", len(items)) + infos)
    boxes += box(b"iprp", box(b"ipco", b"".join(properties))
                 + full_box(b"ipma", struct.pack(">I", len(items)) + associations))
    if references:
        boxes += full_box(b"iref", b"".join(box(kind, struct.pack(f">HH{len(to)}H", number, len(to), *to))
                                            for kind, number, to in references))
    start = box(b"ftyp", brand + bytes(4) + b"mif1" + brand)
    at = len(start) + 12 + len(boxes) + 16 + 14 * len(items) + 8
    locations = b""
    for number, (_, data, _) in enumerate(items, 1):
        locations += struct.pack(">HHHII", number, 0, 1, at, len(data))
        at += len(data)
    boxes += full_box(b"iloc", struct.pack(">HH", 0x4400, len(items)) + locations)
    return start + full_box(b"meta", boxes) + box(b"mdat", b"".join(data for _, data, _ in items))


def turn(quarters):
    """To the left."""
    return box(b"irot", bytes([quarters]))


def mirror(axis):
    return box(b"imir", bytes([axis]))


def crop(width, height, right, down):
    """Keeps that size, away from the center."""
    return box(b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, right, 1, down, 1))


def heic_files(first, second, small):
    """Files of 64x64-pixel images that heif-enc has encoded, and of a small one as a thumbnail."""
    config, data = coded_image(first)
    square = [config, size_of(64, 64)]

    def one(*transformations):
        return heif(b"heic", [(b"hvc1", data, [*square, *transformations])])

    yield "turned.heic", one(turn(3))
    yield "upside_down.heic", one(turn(2))
    yield "mirrored.heic", one(mirror(1))
    yield "flipped.heic", one(mirror(0))
    yield "turned_mirrored.heic", one(turn(1), mirror(1))
    yield "crop.heic", one(crop(40, 30, 5, -3))
    yield "crop_turned.heic", one(crop(40, 30, 5, -3), turn(1))
    grid = bytes([0, 0, 0, 1]) + struct.pack(">HH", 120, 60)
    other_config, other = coded_image(second)
    yield "grid.heic", heif(b"heic", [
        (b"grid", grid, [size_of(120, 60)]), (b"hvc1", data, square),
        (b"hvc1", other, [other_config, size_of(64, 64)])], [(b"dimg", 1, [2, 3])])
    block = bytes(4) + exif(6)[6:]
    yield "exif_turned.heic", heif(b"heic", [(b"hvc1", data, [*square, turn(1)]), (b"Exif", block, [])],
                                   [(b"cdsc", 2, [1])])
    small_config, thumbnail = coded_image(small)
    yield "thumbnail.heic", heif(b"heic", [
        (b"hvc1", thumbnail, [small_config, size_of(64, 64)]), (b"hvc1", other, [other_config, size_of(64, 64)]),
        (b"Exif", bytes(4) + exif_with_thumbnail()[6:], [])], [(b"thmb", 1, [2]), (b"cdsc", 3, [2])], primary=2)


def write_heif():
    """Writes HEIC and AVIF files by Debian's libheif-examples and libavif-bin, with the pixels of heif-convert
    and avifdec. The latter neither crops nor turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def encode(*command):
            run(*command, folder=folder)

        make_image("RGB", 64, 48).save(folder / "rgb.png")
        make_image("RGBA", 64, 48).save(folder / "alpha.png")
        make_image("RGB", 61, 47).save(folder / "odd.png")
        make_image("RGB", 128, 64).save(folder / "grid.png")
        make_image("RGB", 64, 64).save(folder / "first.png")
        make_image("RGB", 128, 64).crop((64, 0, 128, 64)).save(folder / "second.png")
        Image.new("RGB", (64, 64), "red").save(folder / "red.png")
        deep = png(48, 32, 16, 2, [noise(48 * 6, i) for i in range(32)])
        (folder / "10bit.png").write_bytes(deep)
        for name in ("rgb", "odd", "alpha"):
            encode("heif-enc", "-q", 80, f"{name}.png", "-o", DATA / f"{name}.heic")
        encode("heif-enc", "-q", 60, "-b", 10, "10bit.png", "-o", DATA / "10bit.heic")
        names = ("first", "second", "red")
        for name in names:
            encode("heif-enc", "-q", 50, f"{name}.png", "-o", f"{name}.heic")
        for name, content in heic_files(*((folder / f"{name}.heic").read_bytes() for name in names)):
            (DATA / name).write_bytes(content)
        # Without pixels of its own: its boxes say 64x64.
        Image.new("RGB", (2048, 2048), "navy").save(folder / "large.png")
        encode("heif-enc", "large.png", "-o", "large.heic")
        config, data = coded_image((folder / "large.heic").read_bytes())
        (DATA / "large_frame.heic").write_bytes(heif(b"heic", [(b"hvc1", data, [config, size_of(64, 64)])]))
        avif = ("avifenc", "-j", 1, "-s", 8)
        encode(*avif, "rgb.png", DATA / "rgb.avif")
        encode(*avif, "alpha.png", DATA / "alpha.avif")
        encode(*avif, "--premultiply", "alpha.png", DATA / "premultiplied.avif")
        encode(*avif, "-d", 10, "10bit.png", DATA / "10bit.avif")
        encode(*avif, "--irot", 1, "--imir", 1, "odd.png", DATA / "turned.avif")
        encode(*avif, "--irot", 3, "--imir", 0, "odd.png", DATA / "turned_flipped.avif")
        encode(*avif, "--clap", "40,1,30,1,0,1,0,1", "rgb.png", DATA / "crop.avif")
        encode(*avif, "-g", "2x1", "grid.png", DATA / "grid.avif")
        for name in ("rgb", "red"):
            encode(*avif, f"{name}.png", f"{name}.avif")
        config, data = coded_image((folder / "rgb.avif").read_bytes())
        small_config, thumbnail = coded_image((folder / "red.avif").read_bytes())
        depth = full_box(b"pixi", bytes([3, 8, 8, 8]))
        (DATA / "thumbnail.avif").write_bytes(heif(b"avif", [
            (b"av01", thumbnail, [small_config, size_of(64, 64), depth]),
            (b"av01", data, [config, size_of(64, 48), depth]),
            (b"Exif", bytes(4) + exif_with_thumbnail()[6:], [])], [(b"thmb", 1, [2]), (b"cdsc", 3, [2])], primary=2))
        for path in DATA.glob("*.heic"):
            if path.name == "large_frame.heic":
                continue
            encode("heif-convert", path, "out.png")
            write_ppm(path.name, Image.open(folder / "out.png").convert("RGB"))
        for path in DATA.glob("*.avif"):
            encode("avifdec", "-d", 8, path, "out.png")
            image = Image.open(folder / "out.png").convert("RGB")
            if path.name == "crop.avif":
                image = image.crop((12, 9, 52, 39))
            elif path.name == "turned.avif":
                image = image.transpose(Image.Transpose.ROTATE_90).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            elif path.name == "turned_flipped.avif":
                image = image.transpose(Image.Transpose.ROTATE_270).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
            write_ppm(path.name, image)


def main():
    for name, content in jpeg2000_files():
        write(name, content, Image.open(io.BytesIO(content)).convert("RGB"))
    write_own_jpeg2000()
    write_heif()


if __name__ == "__main__":
    main()
