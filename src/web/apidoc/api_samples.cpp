#include "web/apidoc/api_samples.hpp"

#include <string_view>
#include <vector>

namespace samoyed::web {
namespace {

using Answer = ApiCall::Answer;
using Body = ApiCall::Body;

std::string quoted(std::string_view text, char mark) {
  std::string result(1, mark);
  for (const char c : text) {
    if (c == mark || c == '\\') result += '\\';
    result += c;
  }
  return result + mark;
}

/// Quotes a text for a shell.
std::string shell(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string double_quoted(std::string_view text) { return quoted(text, '"'); }
std::string single_quoted(std::string_view text) { return quoted(text, '\''); }

const std::string sample_file(example_file);

/// What Python sends as `data=`.
std::string python_data(const ApiCall& call) {
  switch (call.body_kind) {
    case Body::none:
      return "";
    case Body::file:
      return "open(\"" + sample_file + "\", \"rb\").read()";
    case Body::form:
      return "body";
    case Body::text:
    case Body::json:
      return "b" + single_quoted(call.body);
  }
  return "";
}

/// The lines before the request that make its body.
std::string python_body(const ApiCall& call) {
  if (call.body_kind != Body::form) return "";
  return "head = 'Content-Disposition: form-data; name=\"file\"; filename=\"" + sample_file +
         "\"'\n"
         "body = b\"\\r\\n\".join([b\"--boundary\", head.encode(), b\"\", open(\"" +
         sample_file + "\", \"rb\").read(), b\"--boundary--\", b\"\"])\n";
}

std::string python_request(const ApiCall& call) {
  std::vector<std::string> arguments{double_quoted(call.url)};
  if (call.method != "GET") arguments.push_back("method=" + double_quoted(call.method));
  if (call.body_kind != Body::none) arguments.push_back("data=" + python_data(call));
  auto headers = call.headers;
  if (call.body_kind == Body::form) {
    headers.emplace_back("Content-Type", "multipart/form-data; boundary=boundary");
  }
  std::string fields;
  for (const auto& [name, value] : headers) {
    fields += (fields.empty() ? "" : ", ") + double_quoted(name) + ": " + double_quoted(value);
  }
  if (!fields.empty()) arguments.push_back("headers={" + fields + "}");
  std::string text = "request = urllib.request.Request(";
  for (const std::string& argument : arguments) {
    if (&argument != &arguments.front()) text += ",\n                                 ";
    text += argument;
  }
  return text + ")\n";
}

std::string python_answer(const ApiCall& call) {
  switch (call.answer) {
    case Answer::json:
      return "    print(json.dumps(json.load(response), indent=2))\n";
    case Answer::file:
      return "    open(" + double_quoted(call.file_name) + ", \"wb\").write(response.read())\n";
    case Answer::stream:
      return "    for line in response:\n        print(line.decode(), end=\"\", flush=True)\n";
    case Answer::text:
      break;
  }
  return "    print(response.read().decode())\n";
}

std::string javascript_body(const ApiCall& call) {
  switch (call.body_kind) {
    case Body::none:
      return "";
    case Body::file:
      return "  body: await openAsBlob('" + sample_file + "'),\n";
    case Body::form:
      return "  body: form,\n";
    case Body::text:
      return "  body: " + single_quoted(call.body) + ",\n";
    case Body::json:
      // JSON is JavaScript.
      return "  body: JSON.stringify(" + call.body + "),\n";
  }
  return "";
}

std::string javascript_options(const ApiCall& call) {
  std::string options;
  if (call.method != "GET") options += "  method: " + single_quoted(call.method) + ",\n";
  std::string fields;
  for (const auto& [name, value] : call.headers) {
    fields += (fields.empty() ? "" : ", ") + single_quoted(name) + ": " + single_quoted(value);
  }
  if (!fields.empty()) options += "  headers: {" + fields + "},\n";
  options += javascript_body(call);
  return options.empty() ? "" : ", {\n" + options + "}";
}

std::string javascript_answer(const ApiCall& call) {
  switch (call.answer) {
    case Answer::json:
      return "console.log(JSON.stringify(await response.json(), null, 2));\n";
    case Answer::file:
      return "await writeFile(" + single_quoted(call.file_name) +
             ", Buffer.from(await response.arrayBuffer()));\n";
    case Answer::stream:
      return "const decoder = new TextDecoder();\n"
             "for await (const piece of response.body) {\n"
             "  process.stdout.write(decoder.decode(piece, {stream: true}));\n"
             "}\n";
    case Answer::text:
      break;
  }
  return "console.log(await response.text());\n";
}

}  // namespace

std::string curl_sample(const ApiCall& call) {
  std::string command = call.answer == Answer::stream ? "curl -N" : "curl";
  if (call.answer == Answer::file) command += " -o " + call.file_name;
  // A body makes it a POST.
  const bool implied =
      call.method == "GET" || (call.method == "POST" && call.body_kind != Body::none);
  if (!implied) command += " -X " + call.method;
  for (const auto& [name, value] : call.headers) command += " -H " + shell(name + ": " + value);
  if (call.body_kind == Body::file) command += " --data-binary @" + sample_file;
  if (call.body_kind == Body::form) command += " -F file=@" + sample_file;
  const bool has_text = call.body_kind == Body::text || call.body_kind == Body::json;
  if (has_text) command += " -d " + shell(call.body);
  return command + " " + shell(call.url) + "\n";
}

std::string python_sample(const ApiCall& call) {
  return std::string(call.answer == Answer::json ? "import json\n" : "") +
         "import urllib.request\n\n" + python_body(call) + python_request(call) +
         "with urllib.request.urlopen(request) as response:\n" + python_answer(call);
}

std::string javascript_sample(const ApiCall& call) {
  std::string text;
  if (call.body_kind == Body::file || call.body_kind == Body::form) {
    text += "import {openAsBlob} from 'node:fs';\n";
  }
  if (call.answer == Answer::file) text += "import {writeFile} from 'node:fs/promises';\n";
  if (!text.empty()) text += '\n';
  if (call.body_kind == Body::form) {
    text += "const form = new FormData();\nform.append('file', await openAsBlob('" + sample_file +
            "'), '" + sample_file + "');\n";
  }
  return text + "const response = await fetch(" + single_quoted(call.url) +
         javascript_options(call) + ");\n" + javascript_answer(call);
}

}  // namespace samoyed::web
