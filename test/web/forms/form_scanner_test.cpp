#include "web/forms/form_scanner.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "support/whole_form.hpp"

namespace samoyed::web {
namespace {

using namespace std::string_literals;
using namespace samoyed::test;

std::string named_part(const std::string& name, const std::string& content) {
  return "--b\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\n" + content + "\r\n";
}

/// The parts of a body that arrives in these pieces, or its error.
std::string scan_pieces(const std::vector<std::string_view>& pieces) {
  FormScanner scanner("b");
  std::string body;
  for (const std::string_view piece : pieces) {
    if (const auto error = scanner.scan(piece)) return "error: " + error->sentence;
    body += piece;
  }
  if (const auto error = scanner.finish()) return "error: " + error->sentence;
  std::string text;
  for (const ScannedPart& found : scanner.parts()) {
    text += found.name + "=" + body.substr(found.begin, found.size) + ";";
  }
  return text;
}

const std::vector<std::string> scanned_bodies = {
    named_part("a", "1") + "--b--",
    named_part("a", "") + named_part("b", "\r\n") + "--b--\r\nepilogue",
    "preamble\r\n" + named_part("a", "\r\n--c\r\n\n--b\r\r\n--") + "--b--",
    "--b  \t\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--b  \r\n"
    "Content-Disposition: form-data; name=b\r\n\r\n--bx\r\n--b-\r\n--b--",
    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--",
    "--bb\r\n" + named_part("a", "x") + "--b--",
    // Invalid ones:
    "",
    "--b",
    "--b\nContent-Disposition: form-data; name=a\n\nx\n--b--\n",
    named_part("a", "abc") + "--b-",
    named_part("a", "abc") + "--b \r",
    "--b\r\nno colon\r\n\r\nx\r\n--b--",
    "--b\r\nContent-Disposition: form-data; name=a\r\n",
};

TEST_CASE("the content of a field is kept up to its limit, and that of a file isn't") {
  const std::string limit(field_bytes_max, 'm');
  const std::string body = named_part("short", "abc") + named_part("longest", limit) +
                           named_part("longer", limit + "m") +
                           named_part("\"file\"; filename=\"f\"", "content") + "--b--";
  const std::size_t piece_bytes = GENERATE(1, 7, 10000);
  FormScanner scanner("b");
  for (std::size_t at = 0; at < body.size(); at += piece_bytes) {
    REQUIRE_FALSE(scanner.scan(std::string_view(body).substr(at, piece_bytes)));
  }
  REQUIRE_FALSE(scanner.finish());
  REQUIRE(scanner.parts().size() == 4);
  CHECK(scanner.parts()[0].text == "abc");
  CHECK(scanner.parts()[1].text == limit);
  CHECK(scanner.parts()[2].text == limit);
  CHECK(scanner.parts()[3].text.empty());
}

TEST_CASE("a form has the same parts and errors wherever its pieces end") {
  for (const std::string& body : scanned_bodies) {
    INFO(body);
    const std::string whole = scan_pieces({body});
    const std::string_view text = body;
    std::vector<std::string_view> bytes;
    for (std::size_t size = 0; size < body.size(); ++size) {
      INFO(size);
      CHECK(scan_pieces({text.substr(0, size), text.substr(size)}) == whole);
      bytes.push_back(text.substr(size, 1));
    }
    CHECK(scan_pieces(bytes) == whole);
  }
}

TEST_CASE("the parts of a form are found by their places") {
  CHECK(scan_pieces({scanned_bodies[0]}) == "a=1;");
  CHECK(scan_pieces({scanned_bodies[1]}) == "a=;b=\r\n;");
  CHECK(scan_pieces({scanned_bodies[2]}) == "a=\r\n--c\r\n\n--b\r\r\n--;");
  CHECK(scan_pieces({scanned_bodies[3]}) == "a=;b=--bx\r\n--b-;");
  CHECK(scan_pieces({scanned_bodies[4]}) == "a=;");
  CHECK(scan_pieces({scanned_bodies[5]}) == "a=x;");
}

TEST_CASE("a scanner holds little of a large part") {
  FormScanner scanner("b");
  CHECK(!scanner.scan("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n"));
  const std::string piece(1 << 20, '\n');
  for (int i = 0; i < 8; ++i) CHECK(!scanner.scan(piece));
  CHECK(scanner.held_bytes() <= 8);
  CHECK(!scanner.scan("\r\n--b--"));
  CHECK(!scanner.finish());
  CHECK(scanner.parts().front().size == 8 << 20);
}

TEST_CASE("the number of pictures and of parts is limited, and errors name the number") {
  const auto form = [](std::size_t count, const std::string& file_name) {
    std::string body;
    for (std::size_t i = 0; i < count; ++i) body += named_part("file" + file_name, "x");
    return body + "--b--";
  };
  const auto error_of = [](const std::string& body) {
    const auto read = parse_form(body, "b");
    const auto* error = std::get_if<FormError>(&read);
    return error ? error->sentence : "none";
  };
  const std::string file_name = "; filename=a.jpg";
  CHECK(error_of(form(200, file_name)) == "none");
  CHECK(error_of(form(201, file_name)) ==
        "The form has too many pictures (limit 200). Send fewer at a time.");
  CHECK(error_of(form(257, "")).find("too many parts (limit 256)") != std::string::npos);
}

}  // namespace
}  // namespace samoyed::web
