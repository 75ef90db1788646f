#!/usr/bin/python3
"""Makes the image files in data/ and the pixels that Pillow decodes from them.

Needs Debian 12's python3-pil (Pillow 9.4). The files are kept in the repository, so that the tests don't need Pillow.
Run this again only to add a file. For each image file NAME there is NAME.ppm: the pixels that
Image.open -> ImageOps.exif_transpose -> convert("RGB") gives. For seeded images of many shapes, crops.txt has a hash of
the result of Resize(256) and CenterCrop(224). crop_specs.txt has the same for the sizes and filters of other networks.
"""

import io
import math
import pathlib
import struct
import warnings
import zlib

from PIL import Image, ImageOps

DATA = pathlib.Path(__file__).resolve().parent / "data"
WIDTH, HEIGHT = 19, 13


def noise(count, seed):
    """Returns `count` bytes of a linear congruential generator, the same as those of Noise in image_fixtures.hpp."""
    out = bytearray(count)
    for i in range(count):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = seed >> 24
    return bytes(out)


def make_image(mode, width=WIDTH, height=HEIGHT):
    """Returns waves with a little noise: every channel is different, and nothing is symmetric."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    grain = noise(width * height * bands, width * 31 + bands)
    out = bytearray()
    for y in range(height):
        for x in range(width):
            for band in range(bands):
                wave = 110 * math.sin(x / (3 + band) + band) * math.cos(y / (2 + band))
                out.append(int(128 + wave) ^ (grain[len(out)] & 7))
    return Image.frombytes(mode, (width, height), bytes(out))


def saved(image, file_format, **options):
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def exif(orientation):
    """Returns a big-endian TIFF block with another tag before the orientation."""
    entries = struct.pack(">HHIHH", 0x0106, 3, 1, 2, 0) + struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 2) + entries + b"\0\0\0\0"


def png(width, height, depth, color_type, rows, before_data=b"", interlaced=0):
    """Returns a PNG of unfiltered rows, in two IDAT chunks."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, interlaced)
    extra = chunk(b"PLTE", before_data) if before_data else b""
    half = len(data) // 2
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data[:half])
            + chunk(b"IDAT", data[half:]) + chunk(b"IEND", b""))


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def interlaced_png():
    """Returns the RGB image, interlaced by Adam7."""
    image = make_image("RGB")
    rows = []
    for left, top, step_x, step_y in ADAM7:
        for y in range(top, HEIGHT, step_y):
            rows.append(b"".join(bytes(image.getpixel((x, y))) for x in range(left, WIDTH, step_x)))
    return png(WIDTH, HEIGHT, 8, 2, rows, interlaced=1)


def interlaced_palette_png():
    """Returns noise of four colors, interlaced by Adam7."""
    rows = []
    for left, top, step_x, step_y in ADAM7:
        columns = len(range(left, WIDTH, step_x))
        rows += [noise((columns + 3) // 4, top + y) for y in range(top, HEIGHT, step_y)]
    return png(WIDTH, HEIGHT, 2, 3, rows, before_data=noise(12, 1), interlaced=1)


def bmp(bits, colors_used, palette, rows, width=WIDTH, compression=0, height=HEIGHT):
    offset = 54 + len(palette)
    body = b"".join(rows)
    return (b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset)
            + struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(body), 0, 0, colors_used, 0)
            + palette + body)


def small_frame_webp():
    """Returns an animation whose first frame, with alpha, covers only a part of its canvas."""

    def chunk(kind, body):
        return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    def u24(value):
        return struct.pack("<I", value)[:3]

    frames = b""
    for left, top, width, height in ((4, 2, 9, 7), (0, 0, WIDTH, HEIGHT)):
        still = saved(make_image("RGBA", width, height), "WEBP", lossless=True, exact=True)
        image = still[still.index(b"VP8L"):]
        place = u24(left // 2) + u24(top // 2) + u24(width - 1) + u24(height - 1) + u24(100) + b"\0"
        frames += chunk(b"ANMF", place + image)
    body = (b"WEBP" + chunk(b"VP8X", b"\x12\0\0\0" + u24(WIDTH - 1) + u24(HEIGHT - 1))
            + chunk(b"ANIM", b"\x10\x20\x30\xff\0\0") + frames)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif(canvas, place, frame, interlaced=False, transparent=None, background=0):
    """Returns a GIF with one frame, whose palette has 16 colors, at `place` (left, top) on a canvas of that size."""
    still = saved(frame, "GIF", interlace=interlaced)
    image = still[still.index(b",", 13 + (3 << (still[10] & 7) + 1)):]
    flags, palette = 0x83, still[13:13 + 3 * 16]
    control = b"" if transparent is None else b"!\xf9\4\1\0\0" + bytes([transparent]) + b"\0"
    return (b"GIF89a" + struct.pack("<HHBBB", *canvas, flags, background, 0) + palette + b"!\xfe\5hello\0" + control
            + b"," + struct.pack("<HH", *place) + image[5:])


def gif_files():
    rgb, gray = make_image("RGB"), make_image("L")
    few = rgb.quantize(16)
    yield "palette.gif", saved(rgb.quantize(256), "GIF")
    yield "grey.gif", saved(gray, "GIF")
    yield "animated.gif", saved(few, "GIF", save_all=True, append_images=[few.rotate(180)], duration=100, loop=0)
    yield "interlaced.gif", gif((WIDTH, HEIGHT), (0, 0), few, interlaced=True)
    yield "small_frame.gif", gif((WIDTH + 9, HEIGHT + 7), (5, 4), few, background=3)
    yield "transparent_frame.gif", gif((WIDTH + 9, HEIGHT + 7), (5, 4), few, transparent=3)
    yield "large_frame.gif", gif((4, 3), (2, 1), few)
    tall = make_image("RGB", 53, 170).quantize(64)
    yield "tall.gif", saved(tall, "GIF", interlace=False)
    yield "tall_interlaced.gif", saved(tall, "GIF", interlace=True)


def tiff(order, blocks, tags, big=False):
    """Returns a TIFF of `blocks` (strips, or tiles if there are tags 322 and 323). `tags` maps a tag to its 16-bit
    values; the rest is 1 bit, black is 0, without compression."""
    tiled = 322 in tags
    values = {256: (WIDTH,), 257: (HEIGHT,), 258: (1,), 259: (1,), 262: (1,), 277: (1,), **tags}
    if not tiled:
        values.setdefault(278, (HEIGHT,))
    count = len(values) + 2
    head = {"<": b"II", ">": b"MM"}[order]
    head += struct.pack(order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(order + "HI", 42, 8)
    entry, number = ("HHQ", "Q") if big else ("HHI", "I")
    inline = struct.calcsize(order + number)
    at = len(head) + count * (struct.calcsize(order + entry) + inline) + (16 if big else 6)
    extra, places = b"", []
    for block in blocks:
        places.append(at + len(extra))
        extra += block + b"\0" * (len(block) % 2)
    values[324 if tiled else 273] = places
    values[325 if tiled else 279] = [len(block) for block in blocks]
    entries = b""
    for tag in sorted(values):
        long = tag in (273, 279, 324, 325)
        content = struct.pack(f"{order}{len(values[tag])}{'I' if long else 'H'}", *values[tag])
        if len(content) > inline:
            place, content = struct.pack(order + number, at + len(extra)), content
            extra += content
            content = place
        entries += struct.pack(order + entry, tag, 4 if long else 3, len(values[tag])) + content.ljust(inline, b"\0")
    return (head + struct.pack(order + ("Q" if big else "H"), count) + entries + struct.pack(order + number, 0)
            + extra)


def tiles_of(image, side):
    """Returns the bytes of an image's square tiles, the last ones filled with black."""
    return [image.crop((x, y, x + side, y + side)).tobytes()
            for y in range(0, image.height, side) for x in range(0, image.width, side)]


def tiff_files():
    rgb, rgba, gray, cmyk = (make_image(mode) for mode in ("RGB", "RGBA", "L", "CMYK"))
    rgb_tags = {258: (8, 8, 8), 262: (2,), 277: (3,)}
    bit = gray.convert("1")
    yield "raw.tif", saved(rgb, "TIFF")
    yield "lzw.tif", saved(rgb, "TIFF", compression="tiff_lzw")
    yield "predictor.tif", saved(rgb, "TIFF", compression="tiff_lzw", tiffinfo={317: 2})
    yield "deflate.tif", saved(rgb, "TIFF", compression="tiff_adobe_deflate")
    yield "packbits.tif", saved(rgb, "TIFF", compression="packbits")
    yield "jpeg.tif", saved(rgb, "TIFF", compression="jpeg")
    yield "group3.tif", saved(bit, "TIFF", compression="group3")
    yield "group4.tif", saved(bit, "TIFF", compression="group4")
    yield "grey.tif", saved(gray, "TIFF")
    yield "grey_white_is_0.tif", tiff("<", [gray.tobytes()], {258: (8,), 262: (0,)})
    yield "grey_alpha.tif", saved(make_image("LA"), "TIFF")
    yield "grey_2bit.tif", tiff("<", [noise(5 * HEIGHT, 1)], {258: (2,)})
    yield "palette.tif", saved(rgb.quantize(200), "TIFF")
    yield "palette_4bit.tif", tiff(">", [noise(10 * HEIGHT, 1)], {
        258: (4,), 262: (3,), 320: struct.unpack("<48H", noise(96, 2))})
    yield "rgba.tif", saved(rgba, "TIFF", compression="tiff_lzw")
    yield "premultiplied.tif", tiff("<", [rgba.tobytes()], {258: (8, 8, 8, 8), 262: (2,), 277: (4,), 338: (1,)})
    yield "cmyk.tif", saved(cmyk, "TIFF")
    yield "rgb_16bit.tif", tiff(">", [noise(6 * WIDTH * HEIGHT, 1)], {**rgb_tags, 258: (16, 16, 16)})
    yield "big_endian.tif", tiff(">", [rgb.tobytes()], rgb_tags)
    yield "tiles.tif", tiff("<", tiles_of(rgb, 16), {**rgb_tags, 322: (16,), 323: (16,)})
    yield "planes.tif", tiff("<", [band.tobytes() for band in rgb.split()], {**rgb_tags, 284: (2,)})
    yield "planes_tiles.tif", tiff(">", [tile for band in rgb.split() for tile in tiles_of(band, 16)],
                                   {**rgb_tags, 284: (2,), 322: (16,), 323: (16,)})
    yield "fill_order.tif", tiff("<", [noise(3 * HEIGHT, 1)], {266: (2,)})
    yield "big_tiff.tif", tiff("<", [rgb.tobytes()], rgb_tags, big=True)
    yield "exif_6.tif", saved(rgb, "TIFF", tiffinfo={274: 6})
    yield "pages.tif", saved(rgb, "TIFF", save_all=True, append_images=[gray])


def write_own_tiffs():
    """Writes TIFFs that Pillow 9.4 turns white (16 and 12 bits of gray; Samoyed keeps the high byte) or reads wrongly
    (YCbCr without JPEG), with pixels that are made here."""
    count = WIDTH * HEIGHT
    gray = noise(2 * count, 1)
    high = Image.frombytes("L", (WIDTH, HEIGHT), gray[::2]).convert("RGB")
    swapped = b"".join(bytes([gray[i + 1], gray[i]]) for i in range(0, len(gray), 2))
    twelve = b""
    for y in range(HEIGHT):
        row = [gray[2 * i] << 4 | gray[2 * i + 1] >> 4 for i in range(y * WIDTH, (y + 1) * WIDTH)]
        bits = "".join(f"{value:012b}" for value in row) + "0000"
        twelve += int(bits, 2).to_bytes(len(bits) // 8, "big")
    # All luminances, without color.
    luminance = noise(count, 3)
    ycbcr = b"".join(bytes([value, 128, 128]) for value in luminance)
    for name, content, pixels in [
            ("grey_16bit.tif", tiff("<", [swapped], {258: (16,)}), high),
            ("grey_16bit_big.tif", tiff(">", [gray], {258: (16,)}), high),
            ("grey_12bit.tif", tiff("<", [twelve], {258: (12,)}), high),
            ("ycbcr.tif", tiff("<", [ycbcr], {258: (8, 8, 8), 262: (6,), 277: (3,), 530: (1, 1)}),
             Image.frombytes("L", (WIDTH, HEIGHT), luminance).convert("RGB"))]:
        (DATA / name).write_bytes(content)
        write_ppm(name, pixels)


def pnm_files():
    """Yields PNMs of all kinds, as text (with comments) and as bytes."""
    count = WIDTH * HEIGHT

    def text(values):
        # The last number has one digit, so that a cut file never ends with a shorter number.
        values = [*values][:-1] + [7]
        return b"".join(b"%d%s" % (value, b"\n# 7 8\n" if i % 50 == 49 else b" ") for i, value in enumerate(values))

    yield "text.pbm", b"P1\n# a comment\n19 13\n" + b"".join(b"%d" % (value & 1) for value in noise(count, 1))
    yield "bit.pbm", b"P4 19 13 " + noise(3 * HEIGHT, 1)
    yield "text.pgm", b"P2 19 13 255\n" + text(noise(count, 1))
    yield "grey.pgm", b"P5\t19\n13 #x\n255\n" + noise(count, 1)
    yield "scaled.pgm", b"P5 19 13 100\n" + noise(count, 2)
    yield "text.pnm", b"P3 19 13 1000 " + text(value * 3 for value in noise(3 * count, 1))
    yield "rgb.pnm", b"P6 19 13 255\n" + noise(3 * count, 1)
    yield "rgb_16bit.pnm", b"P6 19 13 65535\n" + noise(6 * count, 1)


def psd(bits, mode, planes, palette=b"", packed=False):
    """Returns a PSD with the channels of its merged image, after a resource and a section of layers."""
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, len(planes), HEIGHT, WIDTH, bits, mode)
    resource = b"8BIM" + struct.pack(">HBxI", 1000, 0, 3) + b"abc\0"
    sections = b"".join(struct.pack(">I", len(body)) + body for body in (palette, resource, bytes(4)))
    if not packed:
        return head + sections + b"\0\0" + b"".join(planes)
    rows = []
    for plane in planes:
        for y in range(HEIGHT):
            row = plane[y * WIDTH:(y + 1) * WIDTH]
            # Ten bytes as they are, nothing, then runs.
            rows.append(b"\x09" + row[:10] + b"\x80" + b"".join(b"\0" + row[i:i + 1] for i in range(10, WIDTH - 4))
                        + b"\xfd" + row[-1:])
    lengths = struct.pack(f">{len(rows)}H", *map(len, rows))
    return head + sections + b"\0\1" + lengths + b"".join(rows)


def psd_files():
    rgba, cmyk, gray = make_image("RGBA"), make_image("CMYK"), make_image("L")
    planes = [band.tobytes() for band in rgba.split()]
    runs = [b"".join(plane[y * WIDTH:(y + 1) * WIDTH - 4] + plane[y * WIDTH:y * WIDTH + 1] * 4 for y in range(HEIGHT))
            for plane in planes[:3]]
    yield "bit.psd", psd(1, 0, [noise(3 * HEIGHT, 1)])
    yield "grey.psd", psd(8, 1, [gray.tobytes()])
    yield "palette.psd", psd(8, 2, [gray.tobytes()], noise(768, 1))
    yield "rgb.psd", psd(8, 3, planes[:3])
    yield "alpha.psd", psd(8, 3, planes)
    yield "cmyk.psd", psd(8, 4, [band.tobytes() for band in cmyk.split()])
    yield "packbits.psd", psd(8, 3, runs, packed=True)


def ico_files():
    small, large = make_image("RGBA", 16, 16), make_image("RGBA", 32, 20)
    yield "png.ico", saved(large, "ICO", sizes=[(32, 20)])
    yield "bitmaps.ico", saved(large, "ICO", sizes=[(32, 20), (16, 10)], bitmap_format="bmp")
    yield "palette.ico", saved(make_image("RGB", 32, 20).quantize(200), "ICO", sizes=[(32, 20)], bitmap_format="bmp")
    cursor = b"\0\0\2\0" + struct.pack("<H", 2)
    bitmaps = []
    for image in (small, large):
        bitmap = saved(image.convert("RGB"), "DIB")
        mask = bytes((image.width + 31) // 32 * 4 * image.height)
        bitmaps.append(bitmap[:8] + struct.pack("<i", 2 * image.height) + bitmap[12:] + mask)
    at = 6 + 2 * 16
    for image, bitmap in zip((small, large), bitmaps):
        cursor += struct.pack("<BBBBHHII", image.width, image.height, 0, 0, 3, 4, len(bitmap), at)
        at += len(bitmap)
    yield "cursor.cur", cursor + b"".join(bitmaps)
    yield "rgb.dib", saved(make_image("RGB"), "DIB")
    yield "palette.dib", saved(make_image("RGB").quantize(200), "DIB")


def tga(kind, bits, pixels, flags=0, palette=b"", palette_bits=24, first=0):
    count = len(palette) // (palette_bits // 8)
    return (struct.pack("<BBBHHBHHHHBB", 2, 1 if palette else 0, kind, first, count, palette_bits if palette else 0, 0, 0,
                        WIDTH, HEIGHT, bits, flags) + b"id" + palette + pixels)


def tga_files():
    rgb, rgba, gray = (make_image(mode) for mode in ("RGB", "RGBA", "L"))
    count = WIDTH * HEIGHT
    yield "bit.tga", tga(3, 1, noise(3 * HEIGHT, 1))
    yield "grey.tga", saved(gray, "TGA")
    yield "grey_alpha.tga", saved(make_image("LA"), "TGA", compression="tga_rle")
    yield "palette.tga", saved(rgb.quantize(200), "TGA")
    yield "palette_16bit.tga", tga(1, 8, noise(count, 1), palette=noise(300, 2), palette_bits=16, first=20)
    yield "rgb.tga", saved(rgb, "TGA")
    yield "rgba.tga", saved(rgba, "TGA")
    yield "rgb_16bit.tga", tga(2, 16, noise(2 * count, 1))
    yield "run_length.tga", saved(rgb.quantize(4).convert("RGB"), "TGA", compression="tga_rle")
    yield "top_down.tga", tga(2, 24, noise(3 * count, 1), flags=0x20)
    yield "from_right.tga", tga(2, 24, noise(3 * count, 1), flags=0x10)


def write_own_16bit():
    """Writes what Pillow turns white (16-bit gray PGM) or refuses (16-bit PSD); Samoyed keeps the high byte."""
    count = WIDTH * HEIGHT
    gray, planes = noise(2 * count, 1), [noise(2 * count, seed) for seed in range(3)]
    (DATA / "grey_16bit.pgm").write_bytes(b"P5 19 13 65535\n" + gray)
    scaled = bytes(round((gray[i] << 8 | gray[i + 1]) / 65535 * 255) for i in range(0, len(gray), 2))
    write_ppm("grey_16bit.pgm", Image.frombytes("L", (WIDTH, HEIGHT), scaled).convert("RGB"))
    (DATA / "rgb_16bit.psd").write_bytes(psd(16, 3, planes))
    bands = [Image.frombytes("L", (WIDTH, HEIGHT), plane[::2]) for plane in planes]
    write_ppm("rgb_16bit.psd", Image.merge("RGB", bands))


def ycck(cmyk_jpeg):
    """Returns the same bytes, with an Adobe marker that says that they are YCCK."""
    at = cmyk_jpeg.index(b"Adobe")
    return cmyk_jpeg[:at + 11] + b"\2" + cmyk_jpeg[at + 12:]


def without_adobe(cmyk_jpeg):
    at = cmyk_jpeg.index(b"\xff\xee")
    length = struct.unpack(">H", cmyk_jpeg[at + 2:at + 4])[0]
    return cmyk_jpeg[:at] + cmyk_jpeg[at + 2 + length:]


def behind_start(jpeg, inserted):
    """Returns the JPEG with bytes between its first marker and its first segment."""
    return jpeg[:2] + inserted + jpeg[2:]


def with_magic(file, old, new):
    assert file.count(old) == 1
    return file.replace(old, new)


def little_exif(orientation):
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0) + bytes(4)


def exif_with_thumbnail():
    """Returns EXIF whose second directory points to a thumbnail: a JPEG of other colors."""
    thumbnail = saved(Image.new("RGB", (8, 8), "red"), "JPEG")
    first = struct.pack(">H", 1) + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack(">I", 26)
    second = (struct.pack(">H", 3) + struct.pack(">HHIHH", 0x0103, 3, 1, 6, 0)
              + struct.pack(">HHII", 0x0201, 4, 1, 68) + struct.pack(">HHII", 0x0202, 4, 1, len(thumbnail)) + bytes(4))
    return b"Exif\0\0MM\0*" + struct.pack(">I", 8) + first + second + thumbnail


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(png_file, chunk, before):
    """Returns the PNG with a chunk before its first chunk of the kind `before`."""
    at = png_file.index(before) - 4
    return png_file[:at] + chunk + png_file[at:]


def raw_profile(name, content):
    """Returns EXIF as ImageMagick writes it into a text."""
    digits = content.hex()
    lines = [digits[at:at + 72] for at in range(0, len(digits), 72)]
    return f"\n{name}\n{len(content):8d}\n".encode() + "\n".join(lines).encode() + b"\n"


def plain_text(keyword, text):
    return png_chunk(b"tEXt", keyword + b"\0" + text)


def compressed_text(keyword, text):
    return png_chunk(b"zTXt", keyword + b"\0\0" + zlib.compress(text))


def international_text(keyword, text, compressed):
    flags = b"\1\0" if compressed else b"\0\0"
    return png_chunk(b"iTXt", keyword + b"\0" + flags + b"\0\0" + (zlib.compress(text) if compressed else text))


XMP_KEYWORD = b"XML:com.adobe.xmp"
XMP_ATTRIBUTE = (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
                 b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>')
XMP_ELEMENT = XMP_ATTRIBUTE.replace(b' tiff:Orientation="6"/>', b"><tiff:Orientation>8</tiff:Orientation></rdf:Description>")


def oriented_files():
    """Files whose orientation stands in unusual places. Pillow reads some of them, and so does Samoyed."""
    rgb = make_image("RGB")
    jpeg = saved(rgb, "JPEG", exif=exif(6))
    yield "exif_after_junk.jpg", with_magic(jpeg, b"\xff\xe1", b"junk\xff\xe1")
    jpeg = jpeg[:2] + jpeg[jpeg.index(b"\xff\xe1"):]  # without JFIF, so that EXIF comes first
    yield "exif_after_fill.jpg", behind_start(jpeg, b"\xff" * 5)
    yield "exif_after_restart.jpg", behind_start(jpeg, b"\xff\xd0")
    yield "exif_after_zero.jpg", behind_start(jpeg, b"\xff\x00")
    yield "exif_twice.jpg", behind_start(jpeg, saved(rgb, "JPEG", exif=exif(8))[20:20 + 2 + 2 + len(exif(8))])
    yield "exif_swapped_magic_mm.jpg", with_magic(jpeg, b"MM\0*", b"MM*\0")
    yield "exif_swapped_magic_ii.jpg", with_magic(saved(rgb, "JPEG", exif=little_exif(8)), b"II*\0", b"II\0*")
    yield "exif_thumbnail.jpg", saved(make_image("RGB", 40, 24), "JPEG", exif=exif_with_thumbnail())
    yield "exif_in_second.jpg", b"\xff\xd8\xff\xd9" + jpeg
    yield "empty_first.jpg", b"\xff\xd8\xff\xd9" + saved(rgb, "JPEG")

    stored = saved(rgb, "PNG")
    profile = b"Raw profile type exif"
    eight = raw_profile("exif", exif(8))
    yield "profile_text.png", with_chunk(stored, plain_text(profile, eight), b"IDAT")
    yield "profile_compressed.png", with_chunk(stored, compressed_text(profile, eight), b"IDAT")
    yield "profile_international.png", with_chunk(stored, international_text(profile, eight, True), b"IDAT")
    yield "profile_behind.png", with_chunk(stored, plain_text(profile, eight), b"IEND")
    yield "profile_app1.png", with_chunk(stored, plain_text(b"Raw profile type APP1", eight), b"IDAT")
    yield "profile_after_exif.png", with_chunk(saved(rgb, "PNG", exif=exif(6)), plain_text(profile, eight), b"IEND")
    yield "exif_behind.png", with_chunk(stored, png_chunk(b"eXIf", exif(6)[6:]), b"IEND")
    yield "xmp_attribute.png", with_chunk(stored, international_text(XMP_KEYWORD, XMP_ATTRIBUTE, False), b"IDAT")
    yield "xmp_element.png", with_chunk(stored, international_text(XMP_KEYWORD, XMP_ELEMENT, False), b"IDAT")
    yield "xmp_compressed.png", with_chunk(stored, international_text(XMP_KEYWORD, XMP_ATTRIBUTE, True), b"IDAT")
    yield "xmp_behind.png", with_chunk(stored, international_text(XMP_KEYWORD, XMP_ELEMENT, True), b"IEND")
    yield "xmp_and_upright_exif.png", with_chunk(saved(rgb, "PNG", exif=exif(1)),
                                                 international_text(XMP_KEYWORD, XMP_ATTRIBUTE, False), b"IDAT")
    # Pillow 9.4 reads the orientation in XMP only in PNG.
    app1 = b"http://ns.adobe.com/xap/1.0/\0" + XMP_ATTRIBUTE
    yield "xmp.jpg", behind_start(saved(rgb, "JPEG"), b"\xff\xe1" + struct.pack(">H", len(app1) + 2) + app1)
    yield "xmp.webp", saved(rgb, "WEBP", lossless=True, xmp=XMP_ATTRIBUTE)


def ended_files():
    """PNG files that end early or with damage, but have all their pixels."""
    rgb = make_image("RGB")
    stored = saved(rgb, "PNG")
    end = stored.index(b"IEND") - 4
    yield "no_iend.png", stored[:end]
    yield "cut_checksum.png", stored[:end - 2]
    yield "no_adler.png", stored[:end - 8]
    yield "cut_interlaced.png", interlaced_png()[:-12 - 4 - 4]
    yield "no_adler_but_end.png", png_without_adler()
    yield "surplus.png", png(4, 2, 8, 2, [noise(12, i) for i in range(40)])
    yield "palette_beyond.png", png(4, 1, 8, 3, [bytes([0, 1, 2, 1])], before_data=bytes([9, 8, 7, 6, 5, 4]))
    yield "palette_beyond_2bit.png", png(4, 1, 2, 3, [b"\x1b"], before_data=bytes([9, 8, 7, 6, 5, 4]))


def png_without_adler():
    """Returns a whole PNG whose zlib stream lacks its checksum."""
    stored = png(4, 2, 8, 2, [noise(12, i) for i in range(2)])
    first = stored.index(b"IDAT")
    data = zlib.compress(b"".join(b"\0" + noise(12, i) for i in range(2)), 9)[:-4]
    return stored[:first - 4] + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def os2_bmp(bits, palette, rows):
    offset = 26 + len(palette)
    body = b"".join(rows)
    return (b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset)
            + struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, bits) + palette + body)


def os2_2_bmp(bits, palette, rows):
    """Returns a BMP of OS/2 2.0, with a header of 64 bytes."""
    offset = 78 + len(palette)
    body = b"".join(rows)
    return (b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset)
            + struct.pack("<IiiHHIIiiII", 64, WIDTH, HEIGHT, 1, bits, 0, len(body), 0, 0, 0, 0) + bytes(24)
            + palette + body)


def masked_bmp(masks, rows):
    offset = 66
    body = b"".join(rows)
    return (b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset)
            + struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 16, 3, len(body), 0, 0, 0, 0)
            + struct.pack("<III", *masks) + body)


def run_length_8():
    """Returns codes of all kinds but jumps, which Pillow 9.4 misreads: runs, single pixels of even and odd number, and
    a run that is too long."""
    rows = [b"\x0a\x03\x09\x01\0\0", b"\0\x04\1\2\3\4\x0f\x05\0\0", b"\0\x05\1\2\3\4\5\0\x0e\x06\0\0",
            b"\x05\x07\x0e\x02\0\0", b"\x13\x02\0\0", b"\xff\x05\0\0"]
    return b"".join(rows) + b"\x13\1\0\0" * 7 + b"\0\1"


def run_length_4():
    rows = [b"\x0a\x3a\x09\x1b\0\0", b"\0\x04\x12\x34\x0f\x56\0\0", b"\0\x08\x12\x34\x56\x78\x0b\xc6\0\0",
            b"\x05\x78\x0e\x23\0\0", b"\x13\x02\0\0", b"\xff\x5e\0\0"]
    return b"".join(rows) + b"\x13\x1f\0\0" * 7 + b"\0\1"


def bmp_files():
    """BMP files of less usual kinds."""
    words = [noise(40, i) for i in range(HEIGHT)]
    yield "rgb_555.bmp", bmp(16, 0, b"", words)
    yield "rgb_565.bmp", masked_bmp((0xF800, 0x07E0, 0x001F), words)
    yield "rgb_555_masks.bmp", masked_bmp((0x7C00, 0x03E0, 0x001F), words)
    yield "run_length_8.bmp", bmp(8, 8, noise(32, 3), [run_length_8()], compression=1)
    yield "run_length_4.bmp", bmp(4, 16, noise(64, 4), [run_length_4()], compression=2)
    yield "os2_bit.bmp", os2_bmp(1, noise(6, 1), [noise(4, i) for i in range(HEIGHT)])
    yield "os2_4bit.bmp", os2_bmp(4, noise(48, 1), [noise(12, i) for i in range(HEIGHT)])
    yield "os2_8bit.bmp", os2_bmp(8, noise(768, 1), [noise(20, i) for i in range(HEIGHT)])
    yield "os2_rgb.bmp", os2_bmp(24, b"", [noise(60, i) for i in range(HEIGHT)])
    yield "os2_2_8bit.bmp", os2_2_bmp(8, noise(1024, 1), [noise(20, i) for i in range(HEIGHT)])
    yield "palette_beyond.bmp", bmp(8, 2, bytes([9, 8, 7, 0, 6, 5, 4, 0]), [bytes([0, 1, 2, 1])], width=4, height=1)
    yield "uncounted_palette.bmp", uncounted_palette()


def uncounted_palette():
    """Returns a BMP whose header says that the pixels begin where its palette does."""
    whole = bmp(8, 4, noise(16, 1), [bytes(x & 3 for x in noise(20, i)) for i in range(HEIGHT)])
    return whole[:10] + struct.pack("<I", 54) + whole[14:]


def files():
    rgb, rgba, gray = make_image("RGB"), make_image("RGBA"), make_image("L")
    few = rgb.quantize(11)
    cmyk = saved(make_image("CMYK"), "JPEG", quality=90)
    yield "grey.jpg", saved(gray, "JPEG")
    yield "rgb_444.jpg", saved(rgb, "JPEG", subsampling=0)
    yield "rgb_422.jpg", saved(rgb, "JPEG", subsampling=1)
    yield "rgb_420.jpg", saved(rgb, "JPEG", subsampling=2)
    yield "tall_420.jpg", saved(make_image("RGB", 53, 170), "JPEG", subsampling=2, quality=50)
    yield "progressive.jpg", saved(make_image("RGB", 17, 97), "JPEG", progressive=True)
    yield "cmyk.jpg", cmyk
    yield "cmyk_without_adobe.jpg", without_adobe(cmyk)
    yield "ycck.jpg", ycck(cmyk)
    for orientation in range(1, 9):
        yield f"exif_{orientation}.jpg", saved(rgb, "JPEG", exif=exif(orientation))
    yield "bit.png", saved(gray.convert("1"), "PNG")
    yield "grey.png", saved(gray, "PNG")
    yield "grey_4bit.png", png(5, 3, 4, 0, [noise(3, i) for i in range(3)])
    yield "grey_alpha.png", saved(make_image("LA"), "PNG")
    yield "rgb.png", saved(rgb, "PNG")
    yield "rgb_transparent.png", saved(rgb, "PNG", transparency=rgb.getpixel((0, 0)))
    yield "rgb_16bit.png", png(7, 5, 16, 2, [noise(42, i) for i in range(5)])
    yield "rgba.png", saved(rgba, "PNG")
    yield "interlaced.png", interlaced_png()
    yield "interlaced_palette.png", interlaced_palette_png()
    yield "palette.png", saved(few, "PNG")
    yield "palette_transparent.png", saved(few, "PNG", transparency=3)
    yield "exif_6.png", saved(rgb, "PNG", exif=exif(6))
    yield "bit.bmp", saved(gray.convert("1"), "BMP")
    yield "palette_4bit.bmp", bmp(4, 0, noise(64, 1), [noise(12, i) for i in range(HEIGHT)])
    yield "palette.bmp", saved(rgb.quantize(256), "BMP")
    yield "grey.bmp", saved(gray, "BMP")
    yield "rgb.bmp", saved(rgb, "BMP")
    yield "top_down.bmp", bmp(24, 0, b"", [noise(60, i) for i in range(HEIGHT)], height=-HEIGHT)
    yield "rgba.bmp", saved(rgba, "BMP")
    yield "lossy.webp", saved(rgb, "WEBP", quality=80)
    yield "tall.webp", saved(make_image("RGB", 53, 170), "WEBP", quality=80)
    yield "tall_lossless.webp", saved(make_image("RGB", 53, 170), "WEBP", lossless=True)
    yield "lossy_alpha.webp", saved(rgba, "WEBP", quality=80)
    yield "lossless.webp", saved(rgb, "WEBP", lossless=True)
    yield "lossless_alpha.webp", saved(rgba, "WEBP", lossless=True, exact=True)
    yield "animated.webp", saved(rgba, "WEBP", save_all=True, append_images=[make_image("RGBA").rotate(180)])
    yield "small_frame.webp", small_frame_webp()
    yield "exif_8.webp", saved(rgb, "WEBP", lossless=True, exif=exif(8))
    yield from oriented_files()
    yield from ended_files()
    yield from bmp_files()
    yield from gif_files()
    yield from tiff_files()
    yield from pnm_files()
    yield from psd_files()
    yield from ico_files()
    yield from tga_files()



def write_ppm(name, image):
    header = f"P6 {image.width} {image.height} 255\n".encode()
    (DATA / f"{name}.ppm").write_bytes(header + image.tobytes())


def write_gray_16bit():
    """Writes the 16-bit gray PNG. Pillow turns it white; Samoyed keeps the high byte, so these pixels are made here."""
    rows = [noise(14, i) for i in range(5)]
    (DATA / "grey_16bit.png").write_bytes(png(7, 5, 16, 0, rows))
    write_ppm("grey_16bit.png", Image.frombytes("L", (7, 5), b"".join(row[::2] for row in rows)).convert("RGB"))


def resized_and_cropped(image, short_side=256, crop=(224, 224), resampling=Image.BILINEAR):
    """Applies torchvision's Resize(short_side) and CenterCrop to a PIL image. `crop` is a width and a height."""
    width, height = image.size
    longer = int(short_side * max(width, height) / min(width, height))
    size = (short_side, longer) if width <= height else (longer, short_side)
    image = image.resize(size, resampling)
    left = int(round((image.width - crop[0]) / 2.0))
    top = int(round((image.height - crop[1]) / 2.0))
    return image.crop((left, top, left + crop[0], top + crop[1]))


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def write_crops():
    shapes = [(1, 1), (1, 2), (2, 1), (1, 400), (400, 1), (3, 7), (17, 5), (224, 224), (255, 256), (256, 256), (256, 257),
              (257, 256), (256, 259), (261, 256), (300, 199), (199, 300), (640, 480), (433, 701), (900, 31), (31, 900)]
    lines = []
    for width, height in shapes:
        image = Image.frombytes("RGB", (width, height), noise(width * height * 3, width * 4099 + height))
        lines.append(f"{width} {height} {fnv1a(resized_and_cropped(image).tobytes()):016x}\n")
    (DATA / "crops.txt").write_text("".join(lines))


def write_crop_specs():
    crop_specs = [(256, (224, 224), "bicubic"), (224, (224, 224), "bilinear"), (384, (384, 384), "bicubic"),
                (342, (299, 299), "bilinear"), (32, (32, 20), "bilinear"), (33, (17, 32), "bicubic"),
                (600, (600, 599), "bicubic"), (8, (1, 1), "bilinear")]
    shapes = [(1, 1), (1, 300), (17, 5), (224, 224), (257, 256), (300, 199), (433, 701), (900, 31)]
    lines = []
    for short_side, crop, name in crop_specs:
        for width, height in shapes:
            image = Image.frombytes("RGB", (width, height), noise(width * height * 3, width * 4099 + height))
            framed = resized_and_cropped(image, short_side, crop, getattr(Image, name.upper()))
            lines.append(f"{short_side} {crop[0]} {crop[1]} {name} {width} {height} {fnv1a(framed.tobytes()):016x}\n")
    (DATA / "crop_specs.txt").write_text("".join(lines))


def main():
    warnings.simplefilter("ignore")
    DATA.mkdir(exist_ok=True)
    for name, content in files():
        (DATA / name).write_bytes(content)
        image = Image.open(io.BytesIO(content))
        # Pillow 9.4 turns a TIFF upright when it loads the pixels, and exif_transpose would turn it again.
        upright = image if image.format == "TIFF" else ImageOps.exif_transpose(image)
        write_ppm(name, upright.convert("RGB"))
    write_gray_16bit()
    write_own_tiffs()
    write_own_16bit()
    write_crops()
    write_crop_specs()


if __name__ == "__main__":
    main()
