#!/usr/bin/python3
"""Generates the seed inputs of the fuzz targets: a folder OUT/TARGET for each, with one file per input.

usage: make_seeds.py OUT

The seeds are the image fixtures of test/worker/test_images/data and the messages, requests and forms defined below, mostly
as a well-behaved peer would send them. The fuzzers do the rest.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import shutil
import struct
import sys
import zlib

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "worker" / "test_images" / "data"
# Larger fixtures would only slow a fuzzer down.
SEED_BYTES_MAX = 8192


def scripted(stream, steps=b""):
    """A stream with the events that its reader sees (script.hpp)."""
    return bytes([len(steps)]) + steps + stream


def data_message(payload):
    """`D payload checksum` (PROTOCOL.md, Checksum)."""
    checksum = ~(sum(payload) & 0xFFF)
    return b"D " + payload + b" " + f"{checksum:05d}".encode()


def damaged(message):
    return message[:-1] + (b"0" if message[-1:] != b"0" else b"1")


IMAGE = data_message(base64.b64encode(b"foobar"))
SIZE = data_message(b"8")
HELLO = data_message(b"hello")
PLAIN_RESULT = b"Samoyed:0.93,Great Pyrenees:0.014685348607599735,keeshond:1e-05"
EXTENDED_RESULT = (b'{"top":[{"label":"Samoyed","probability":0.93,"class":258},'
                   b'{"label":"caf\xc3\xa9","probability":1e-05}],"width":1546,"height":1213,'
                   b'"times":{"queue_ms":0.1,"decode_ms":9.4,"resize_ms":2.3,"forward_ms":7.2},'
                   b'"thumbnail":"/9j/4AAgLTAwMA=="}')
REFUSAL = b'{"error":"unreadable","detail":"The JPEG is incomplete."}'
HELLO_REPLY = (b'{"project":"samoyed","protocol":1,"model":"squeezenet1_1","labels":1000,'
               b'"trained":true,"image_bytes_max":33554432,"busy":false,"takes_timeout":true,'
               b'"takes_thumbnail":true,"takes_pipelining":true}')
PAYLOADS = [b"881840", b"881840;top=10;timeout_ms=30000;thumbnail=96", PLAIN_RESULT, EXTENDED_RESULT, REFUSAL,
            HELLO_REPLY, b"error:busy", b"error:too many pixels"]

WORKER_STREAMS = [
    SIZE + IMAGE + b"A",
    HELLO + data_message(b"8;top=10;timeout_ms=30000") + IMAGE + b"A" + SIZE + IMAGE + b"NA",
    HELLO + b"N" + SIZE + IMAGE + b"A",
    damaged(SIZE) + SIZE + SIZE + damaged(IMAGE) + IMAGE + IMAGE + b"A",
    SIZE + damaged(IMAGE) + IMAGE + b"A" + HELLO,
    data_message(b"8;color=red") + IMAGE + b"A",
    data_message(b"200") + data_message(b"=" * 200) + b"A",
    data_message(b"8") + data_message(b"--------") + b"A",
    data_message(b"size") + IMAGE,
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
]
# 240 to 250 is the rest of the stream in one piece, 251 and 252 a timeout, 253 and 254 the end, 255 a broken
# connection.
STEPS = [b"", bytes(40), bytes([3, 5, 1, 9, 2]), bytes([10, 251, 30, 251, 251]), bytes([20, 253]),
         bytes([20, 255])]

# The first byte is a set of bits: 1 a greeting, 2 the extended dialect, 4 with a number of labels.
CLIENT_STREAMS = [
    (0, b"AA" + data_message(PLAIN_RESULT)),
    (0, b"NANA" + damaged(data_message(PLAIN_RESULT)) + data_message(PLAIN_RESULT)),
    (0, b"AA" + data_message(b"error:busy")),
    (6, b"AA" + data_message(EXTENDED_RESULT)),
    (2, b"AA" + data_message(REFUSAL)),
    (1, data_message(HELLO_REPLY)),
    (1, b"A"),
    (1, b"N" + damaged(data_message(HELLO_REPLY)) + data_message(HELLO_REPLY)),
]

ADDRESSES = [b"localhost:8888", b"127.0.0.1:1", b"[::1]:65535", b"[2001:db8::ffff:10.0.0.1]:80",
             b"a-b_c.example.org:9", b"[fe80::1%eth0]:1", b"0x7f.1:80", b"::1", b"[::]"]

URLS = [b"/", b"/add/localhost:8888", b"/del/%5B::1%5D:8888", b"/add?address=a%3A1&x=y+z",
        b"http://localhost:9999/add/a:1?address=b:2", b"https://x?y", b"*", b"%zz%4"]

LABELS = [b"tench\ngoldfish\ngreat white shark\n", "caf\u00e9\n\u65e5\u672c\n".encode(), b"a\n\nb\n",
          b"a -1234\n", b"a,b\n", b"a\r\nb\r\n", b"\xff\n"]

BOUNDARY = b"----WebKitFormBoundaryx"
FORM_TYPE = b"multipart/form-data; boundary=" + BOUNDARY


def form(*parts):
    """The body of a form of (header lines, content)."""
    body = b"".join(b"--" + BOUNDARY + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n"
                    for head, content in parts)
    return body + b"--" + BOUNDARY + b"--\r\n"


FILE_HEAD = (b'Content-Disposition: form-data; name="file"; filename="<fuzz>%22.jpg"\r\n'
             b"Content-Type: image/jpeg")
FORMS = [
    form((FILE_HEAD, b"\xff\xd8\xff image \x00")),
    form((FILE_HEAD, b"\xff\xd8\xff image \x01")),
    form((FILE_HEAD, b"\xff\xd8\xff image \x02")),
    form((b'Content-Disposition: form-data; name="x"', b"1"), (FILE_HEAD, b"BM..")),
    form((FILE_HEAD, b"")),
    form((b"content-disposition:form-data;name=file;filename*=UTF-8''a", b"BM..")),
    b"preamble\r\n" + form((FILE_HEAD, b"RIFF----WEBP")) + b"epilogue",
    form()[:-4],
]


def http_request(line, *fields, body=b""):
    return b"\r\n".join([line, b"Host: localhost:9999", *fields, b"", body])


def upload(body, *fields):
    return http_request(b"POST / HTTP/1.1", b"Content-Type: " + FORM_TYPE,
                        b"Content-Length: " + str(len(body)).encode(), *fields, body=body)


def chunked_upload(body):
    chunks = b"".join(f"{len(body[i:i + 50]):x};a=b\r\n".encode() + body[i:i + 50] + b"\r\n"
                      for i in range(0, len(body), 50))
    return http_request(b"POST / HTTP/1.1", b"Content-Type: " + FORM_TYPE,
                        b"Transfer-Encoding: chunked", body=chunks + b"0\r\nA: b\r\n\r\n")


def get(target, *fields, version=b"HTTP/1.1", method=b"GET"):
    return http_request(method + b" " + target + b" " + version, *fields)


def api_post(target, body, content_type=b"image/bmp", *fields):
    return http_request(b"POST " + target + b" HTTP/1.1", b"Content-Type: " + content_type,
                        b"Content-Length: " + str(len(body)).encode(), *fields, body=body)


def infer(*images):
    """Images as binary tensors of the Open Inference Protocol."""
    binary = b"".join(struct.pack("<I", len(image)) + image for image in images)
    header = json.dumps({
        "inputs": [{"name": "image", "shape": [len(images)], "datatype": "BYTES",
                    "parameters": {"binary_data_size": len(binary)}}],
        "parameters": {"binary_data_output": True}}).encode()
    return api_post(b"/v2/models/m/infer", header + binary, b"application/octet-stream",
                    b"Inference-Header-Content-Length: " + str(len(header)).encode())


PLAIN_HTTP_STREAMS = [
    get(b"/") + get(b"/healthz") + get(b"/readyz") + get(b"/assets/style.css", b'If-None-Match: "x"') + get(b"/<fuzz>"),
    get(b"/add/localhost:8888") + get(b"/add/localhost:8888") + get(b"/del/localhost:8888"),
    get(b"/add?address=a:1&x=%3Cfuzz") + get(b"/add?address=%0D%0A<fuzz>"),
    get(b"/", version=b"HTTP/1.0"),
    get(b"/", b"Connection: keep-alive", version=b"HTTP/1.0"),
    get(b"http://localhost:9999/favicon.ico", method=b"HEAD"),
    get(b"/", method=b"OPTIONS"),
    get(b"/", method=b"BREW"),
    get(b"/", b"Connection: close") + get(b"/"),
    b"\r\n" + get(b"/"),
    *[upload(one) + get(b"/") for one in FORMS],
    upload(FORMS[0], b"Expect: 100-continue"),
    chunked_upload(FORMS[0]) + get(b"/"),
    chunked_upload(FORMS[1]),
    upload(b"x" * 2000),
    api_post(b"/api/v1/classify?top=3&model=m", b"BM..") + get(b"/api/v1/workers"),
    api_post(b"/api/v1/classify", FORMS[1], FORM_TYPE) + api_post(b"/api/v1/classify", b"x", b"a/b"),
    api_post(b"/api/v1/workers", b'{"address": "a:1"}') + get(b"/api/v1/workers/a:1", method=b"DELETE"),
    get(b"/v2") + get(b"/v2/models/%3Cfuzz") + get(b"/metrics") + get(b"/api") + get(b"/api/openapi.json"),
    infer(b"") + infer(b"BM..") + infer(b"BM.0", b"JPEG") + infer(b"<fuzz>"),
    api_post(b"/v2/models/m/infer", b'{"id":"<fuzz>","inputs":[{"name":"image","shape":[1],'
             b'"datatype":"BYTES","data":["Qk0u"]}]}'),
    get(b"/add/a:1", b"Sec-Fetch-Site: cross-site") + get(b"/", b"Origin: http://<fuzz>"),
    get(b"/", b"Forwarded: for=192.0.2.1;proto=https", b"X-Forwarded-For: 192.0.2.1, 10.0.0.1"),
    b"GET / HTTP/1.1\r\nHost: <fuzz>.example.org\r\n\r\n",
    # Requests that must be rejected (test/web/http/http_conformance_test.cpp).
    b"GET / HTTP/1.1\nHost: x\n\n",
    get(b"/", b"A: b\r\n c"),
    get(b"/", b"A : b"),
    http_request(b"POST / HTTP/1.1", b"Content-Length: 3", b"Transfer-Encoding: chunked",
                 body=b"0\r\n\r\n"),
    http_request(b"POST / HTTP/1.1", b"Content-Length: 3", b"Content-Length: 4", body=b"abc"),
    http_request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", body=b"ffffffffffffffff\r\n"),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01",
]

SIGN_IN = b"token=sesame"


def signature(key, text):
    """As io::signature_hex makes it."""
    return hmac.new(key, text, hashlib.sha256).hexdigest()[:32].encode()


def session_cookie(payload):
    """The cookie of somebody who signed in with the token `sesame`."""
    key = signature(b"sesame", b"samoyed admin session cookie")
    return b"Cookie: a=b; samoyed_session=" + payload + b"." + signature(key, payload)


SESSION = session_cookie(b"1.0.43200000.id1")
TOKEN_HTTP_STREAMS = [
    get(b"/add/a:1", b"Authorization: Bearer sesame") + get(b"/del/a:1"),
    http_request(b"POST /sign-in HTTP/1.1", b"Content-Type: application/x-www-form-urlencoded",
                 b"Content-Length: 12", body=SIGN_IN) +
    get(b"/", SESSION) + http_request(b"POST /sign-out HTTP/1.1", SESSION, b"Content-Length: 0") + get(b"/", SESSION),
    get(b"/", b"Authorization: Bearer <fuzz>") * 12,
]
HTTP_STREAMS = [(0, stream) for stream in PLAIN_HTTP_STREAMS] + [
    (1, stream) for stream in TOKEN_HTTP_STREAMS]

# The peer's address, then header fields.
FORWARDED = [
    b"10.0.0.1\nForwarded: for=192.0.2.60;proto=https;by=203.0.113.43, for=10.0.0.2",
    b'10.0.0.1\nForwarded: For="[2001:db8:cafe::17]:4711"\nForwarded: for=_hidden',
    b"10.0.0.1\nX-Forwarded-For: 192.0.2.1, 10.0.0.2\nX-Forwarded-Proto: https",
    b"10.0.0.1\nForwarded: for=192.0.2.1\nX-Forwarded-For: 192.0.2.2",
    b'10.0.0.1\nForwarded: for="unknown", for="a\\"b";',
]

NETWORKS = [b"10.0.0.0/8\n10.1.2.3", b"fd00::/8\nfd12::1", b"::ffff:10.0.0.1\n10.0.0.1", b"0.0.0.0/0\n::1",
            b"10.0.0.0/33\n10.0.0.1", b"localhost\nlocalhost"]


def zip_archive(*entries):
    """An archive of stored entries, laid out like a model file of torch.save but without padding."""
    body = directory = b""
    for name, content in entries:
        fields = struct.pack("<HHHHHIIIHH", 0, 0, 0, 0, 0, zlib.crc32(content), len(content),
                             len(content), len(name), 0)
        directory += (b"PK\x01\x02" + struct.pack("<H", 0) + fields +
                      struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name)
        body += b"PK\x03\x04" + fields + name + content
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def exif_block(order, orientation):
    return {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(
        order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def image_fixtures(pattern):
    files = (path for path in FIXTURES.glob(pattern) if path.suffix != ".txt" and not path.with_suffix("").suffix)
    contents = (path.read_bytes() for path in sorted(files))
    return [content for content in contents if len(content) <= SEED_BYTES_MAX]


def seeds():
    """Returns the inputs of each target."""
    return {
        "address": ADDRESSES,
        "client_exchange": [bytes([choice]) + scripted(stream, steps)
                            for choice, stream in CLIENT_STREAMS for steps in STEPS],
        "client_address": FORWARDED,
        "exif": [exif_block("<", 6), b"Exif\0\0" + exif_block(">", 8),
                 *[jpeg[:400] for jpeg in image_fixtures("exif_*.jpg")],
                 *image_fixtures("profile_*.png"), *image_fixtures("xmp_*.png")],
        "http": [bytes([token]) + scripted(stream, steps) for token, stream in HTTP_STREAMS
                 for steps in STEPS],
        "image": image_fixtures("*"),
        "image_avif": image_fixtures("*.avif"),
        "image_heic": image_fixtures("*.heic"),
        "image_bmp": image_fixtures("*.bmp"),
        "image_gif": image_fixtures("*.gif"),
        "image_jpeg": image_fixtures("*.jpg"),
        "image_jpeg2000": image_fixtures("*.jp2") + image_fixtures("*.j2k"),
        "image_dib": image_fixtures("*.dib"),
        "image_ico": image_fixtures("*.ico") + image_fixtures("*.cur"),
        "image_pnm": [seed for kind in ("pbm", "pgm", "pnm", "ppm") for seed in image_fixtures(f"*.{kind}")],
        "image_psd": image_fixtures("*.psd"),
        "image_tga": image_fixtures("*.tga"),
        "image_png": image_fixtures("*.png"),
        "image_tiff": image_fixtures("*.tif"),
        "image_webp": image_fixtures("*.webp"),
        "labels": LABELS,
        "message_reader": [scripted(stream, steps) for stream in WORKER_STREAMS for steps in STEPS],
        "multipart": [FORM_TYPE + b"\n" + body for body in FORMS],
        "network_list": NETWORKS,
        "url": URLS,
        "wire": PAYLOADS,
        "worker_exchange": [scripted(stream, steps) for stream in WORKER_STREAMS for steps in STEPS],
        "zip_archive": [zip_archive((b"m/data.pkl", b"pickle"), (b"m/data/0", b"weights")),
                        zip_archive((b"empty", b""))],
    }


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    out = pathlib.Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    for target, inputs in seeds().items():
        folder = out / target
        folder.mkdir(parents=True)
        for number, content in enumerate(inputs):
            (folder / f"{number:03d}").write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
