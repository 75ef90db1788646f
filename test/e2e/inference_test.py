"""Tests the Open Inference Protocol with the bytes that tritonclient.http sends.

Debian has no such client, so this file reproduces its requests. InferenceServerClient.infer of tritonclient 2.x writes
the JSON with rapidjson, without spaces and with the keys in the order below. A BYTES tensor made of numpy objects
follows the JSON: each element comes after its length in 4 bytes (little-endian), and `binary_data_size` is the
tensor's total size in bytes, including the lengths. Without `outputs`, the request's parameters ask for binary outputs.
geventhttpclient sends the request to a path with the model's name percent-encoded by urllib.parse.quote. InferResult
reads `Inference-Header-Content-Length` bytes of JSON, and then the outputs' `binary_data_size` bytes one after the
other. Errors must be JSON with the field `error`.
"""

import base64
import json
import socket
import struct
import urllib.parse

import support


def serialize_byte_tensor(elements):
    return b"".join(struct.pack("<I", len(element)) + element for element in elements)


def deserialize_bytes_tensor(tensor):
    elements = []
    while tensor:
        length = struct.unpack_from("<I", tensor)[0]
        elements.append(tensor[4:4 + length])
        tensor = tensor[4 + length:]
    return elements


class Client:
    """Sends requests and reads responses as tritonclient.http.InferenceServerClient does."""

    def __init__(self, port):
        self.port = port

    def _exchange(self, head, body=b""):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(head.encode() + body)
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536)
            lines, _, content = received.partition(b"\r\n\r\n")
            status, *fields = lines.decode().split("\r\n")
            headers = {name.lower(): value for name, value in
                       (field.split(": ", 1) for field in fields)}
            while len(content) < int(headers["content-length"]):
                content += connection.recv(65536)
        return int(status.split()[1]), headers, content

    def get(self, uri):
        return self._exchange(f"GET /{uri} HTTP/1.1\r\n"
                              "User-Agent: python/gevent-http-client-2.3.1\r\n"
                              "Connection: keep-alive\r\n"
                              f"Host: 127.0.0.1:{self.port}\r\n\r\n")

    def infer(self, model, images, outputs=None, request_id=""):
        raw = serialize_byte_tensor(images)
        request = {"id": request_id} if request_id else {}
        request["inputs"] = [{"name": "image", "shape": [len(images)], "datatype": "BYTES",
                              "parameters": {"binary_data_size": len(raw)}}]
        if outputs:
            request["outputs"] = [{"name": name, "parameters": {"binary_data": binary}}
                                  for name, binary in outputs]
        else:
            request["parameters"] = {"binary_data_output": True}
        text = json.dumps(request, separators=(",", ":")).encode()
        return self._exchange(
            f"POST /v2/models/{urllib.parse.quote(model)}/infer HTTP/1.1\r\n"
            f"Inference-Header-Content-Length: {len(text)}\r\n"
            "User-Agent: python/gevent-http-client-2.3.1\r\n"
            "Connection: keep-alive\r\n"
            f"Host: 127.0.0.1:{self.port}\r\n"
            f"Content-Length: {len(text) + len(raw)}\r\n\r\n", text + raw)

    @staticmethod
    def result(headers, content):
        """Returns (JSON, {name: values}). The values are those of InferResult.as_numpy, as one flat list each."""
        length = int(headers.get("inference-header-content-length", len(content)))
        answer, buffer = json.loads(content[:length]), content[length:]
        values = {}
        for output in answer["outputs"]:
            size = output.get("parameters", {}).get("binary_data_size")
            if size is None:
                values[output["name"]] = output["data"]
                continue
            tensor, buffer = buffer[:size], buffer[size:]
            values[output["name"]] = (
                [label.decode() for label in deserialize_bytes_tensor(tensor)]
                if output["datatype"] == "BYTES"
                else list(struct.unpack(f"<{size // 4}f", tensor)))
        return answer, values


class InferenceTest(support.ProgramTestCase):
    def setUp(self):
        super().setUp()
        worker = self.start_worker()
        self.dispatcher = self.start_dispatcher(workers=[worker])
        self.client = Client(self.dispatcher.port)
        self.image = support.sample("chelsea.png")
        plain = support.request(self.dispatcher.port, "/api/v1/classify", "POST", self.image,
                                {"Content-Type": "image/png"})
        self.expected = json.loads(plain.body)
        self.model = self.expected["model"]["name"]
        self.labels = [row["label"] for row in self.expected["labels"]]

    def test_the_client_finds_server_and_model(self):
        self.assertEqual(self.client.get("v2/health/live")[0], 200)
        self.assertEqual(self.client.get("v2/health/ready")[0], 200)
        model = urllib.parse.quote(self.model)
        self.assertEqual(self.client.get(f"v2/models/{model}/ready")[0], 200)
        self.assertEqual(self.client.get("v2/models/other/ready")[0], 404)
        metadata = json.loads(self.client.get(f"v2/models/{model}")[2])
        self.assertEqual(metadata["name"], self.model)
        self.assertEqual([tensor["name"] for tensor in metadata["inputs"]], ["image"])
        self.assertIn("binary_tensor_data", json.loads(self.client.get("v2")[2])["extensions"])

    def test_the_client_infers_with_binary_outputs(self):
        status, headers, content = self.client.infer(self.model, [self.image], request_id="7")
        self.assertEqual(status, 200, content)
        answer, values = self.client.result(headers, content)
        self.assertEqual((answer["model_name"], answer["id"]), (self.model, "7"))
        self.assertEqual([output["shape"] for output in answer["outputs"]],
                         [[1, len(self.labels)]] * 2)
        self.assertEqual(values["labels"], self.labels)
        for probability, row in zip(values["probabilities"], self.expected["labels"]):
            self.assertAlmostEqual(probability, row["probability"], places=6)

    def test_several_images_and_json_outputs(self):
        status, headers, content = self.client.infer(
            self.model, [self.image] * 3, outputs=[("labels", False), ("probabilities", True)])
        self.assertEqual(status, 200, content)
        answer, values = self.client.result(headers, content)
        self.assertEqual([output["name"] for output in answer["outputs"]],
                         ["labels", "probabilities"])
        self.assertEqual(values["labels"], self.labels * 3)
        self.assertEqual(len(values["probabilities"]), 3 * len(self.labels))

    def test_images_and_outputs_can_be_json(self):
        image = base64.b64encode(self.image).decode()
        body = json.dumps({"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES",
                                       "data": [image]}], "parameters": {"top": 2}})
        answer = support.request(self.dispatcher.port,
                                 f"/v2/models/{urllib.parse.quote(self.model)}/infer", "POST", body,
                                 {"Content-Type": "application/json"})
        self.assertEqual(answer.status, 200, answer.text)
        outputs = {output["name"]: output for output in json.loads(answer.body)["outputs"]}
        self.assertEqual(outputs["labels"]["data"], self.labels[:2])

    def test_errors_are_reported_to_the_client(self):
        for model, images, expected in (("other", [self.image], 404), (self.model, [b""], 400)):
            status, _, content = self.client.infer(model, images)
            self.assertEqual(status, expected)
            self.assertIsInstance(json.loads(content)["error"], str)


if __name__ == "__main__":
    support.main()
