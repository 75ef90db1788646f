#include "web/forms/multipart.hpp"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "support/whole_form.hpp"
#include "web/http/http_message.hpp"

namespace samoyed::web {
namespace {

using namespace std::string_literals;
using namespace samoyed::test;

std::string part(const std::string& header, const std::string& content) {
  return "--b\r\n" + header + "\r\n\r\n" + content + "\r\n";
}

const std::string file_header = "Content-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"";

TEST_CASE("the boundary is read from Content-Type") {
  struct Case {
    std::string content_type;
    std::string boundary;
  };
  const auto one = GENERATE(values<Case>({
      {"multipart/form-data; boundary=b", "b"},
      {"Multipart/Form-Data;charset=x; BOUNDARY=\"a b\"", "a b"},
      {"multipart/form-data; boundary=----WebKitFormBoundaryx+/'()",
       "----WebKitFormBoundaryx+/'()"},
      {"multipart/form-data; boundary='b'", "'b'"},
      {"multipart/form-data; boundary=" + std::string(70, 'a'), std::string(70, 'a')},
  }));
  INFO(one.content_type);
  REQUIRE(is_form_type(one.content_type));
  const auto boundary = form_boundary(one.content_type);
  REQUIRE(std::holds_alternative<std::string>(boundary));
  CHECK(std::get<std::string>(boundary) == one.boundary);
}

TEST_CASE("the reason why a boundary can't be used is named") {
  struct Case {
    std::string parameters;
    std::string_view words;
  };
  const auto one = GENERATE(values<Case>({
      {"; boundary=" + std::string(71, 'a'), "too long (limit 70 characters)"},
      {"; boundary=", "names no boundary"},
      {"; boundary=\"a", "names no boundary"},
      {"", "names no boundary"},
      {"; boundary=\"a \"", "characters"},
      {"; boundary=a\"b", "characters"},
  }));
  INFO(one.parameters);
  const std::string content_type = "multipart/form-data" + one.parameters;
  REQUIRE(is_form_type(content_type));
  const auto boundary = form_boundary(content_type);
  REQUIRE(std::holds_alternative<FormError>(boundary));
  CHECK(std::get<FormError>(boundary).sentence.find(one.words) != std::string::npos);
}

TEST_CASE("other types are no forms") {
  for (const std::string_view type :
       {"multipart/form-datax; boundary=b", "multipart/mixed; boundary=b",
        "application/x-www-form-urlencoded", ""}) {
    CHECK_FALSE(is_form_type(type));
  }
}

TEST_CASE("parts have names, file names and content") {
  const std::string body =
      "preamble\r\n" + part("Content-Disposition: form-data; name=x", "1\r\n--\r\n--bb\r\n") +
      part("content-type: image/jpeg\r\n" + file_header, "\r\n\0\xFF\r"s) +
      part("Content-Disposition:form-data;name=empty", "") + "--b--\r\nepilogue --b";
  const auto form = parse_form(body, "b");
  REQUIRE(std::holds_alternative<Form>(form));
  const auto& parts = std::get<Form>(form).parts;
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].name == "x");
  CHECK(!parts[0].file_name);
  CHECK(parts[0].content == "1\r\n--\r\n--bb\r\n");
  CHECK(parts[1].name == "file");
  CHECK(parts[1].file_name == "a.jpg");
  CHECK(parts[1].content == "\r\n\0\xFF\r"s);
  CHECK(parts[1].content.data() > body.data());
  CHECK(parts[1].content.data() < body.data() + body.size());
  CHECK(parts[2].content.empty());
  CHECK(std::get<Form>(form).find("file") == &parts[1]);
  CHECK(std::get<Form>(form).find("files") == nullptr);
}

TEST_CASE("unusual but valid bodies are parsed") {
  struct Case {
    std::string name;
    std::string body;
    std::string content;
  };
  const auto one = GENERATE(values<Case>({
      {"no line end after the last boundary", part(file_header, "abc") + "--b--", "abc"},
      {"padding after boundaries", "--b \t\r\n" + file_header + "\r\n\r\nabc\r\n--b--", "abc"},
      {"an empty part whose header and delimiter share a line end",
       "--b\r\n" + file_header + "\r\n\r\n--b--", ""},
      {"a folded header",
       "--b\r\nContent-Disposition: form-data;\r\n\tname=\"file\";\r\n  filename=\"a.jpg\"\r\n\r\n"
       "abc\r\n--b--",
       "abc"},
      {"a name in single quotation marks",
       part("Content-Disposition: form-data; name='file'; filename='a.jpg'", "abc") + "--b--",
       "abc"},
      {"a line feed before a boundary in the content", part(file_header, "a\n--b\r\nc") + "--b--",
       "a\n--b\r\nc"},
      {"a longer boundary in the content", part(file_header, "a\r\n--bc\r\nd") + "--b--",
       "a\r\n--bc\r\nd"},
      {"a boundary without a line end before it", part(file_header, "a--b--\r\n--bx") + "--b--",
       "a--b--\r\n--bx"},
  }));
  INFO(one.name);
  const auto form = parse_form(one.body, "b");
  REQUIRE(std::holds_alternative<Form>(form));
  REQUIRE(std::get<Form>(form).parts.size() == 1);
  CHECK(std::get<Form>(form).parts[0].content == one.content);
  CHECK(std::get<Form>(form).parts[0].name == "file");
  CHECK(std::get<Form>(form).parts[0].file_name == "a.jpg");
}

TEST_CASE("file names are decoded as browsers and other clients write them") {
  struct Case {
    std::string parameter;
    std::optional<std::string> name;
  };
  const auto one = GENERATE(values<Case>({
      {"filename=\"a.jpg\"", "a.jpg"},
      {"filename=a.jpg", "a.jpg"},
      {"FileName = \"a.jpg\" ; x=y", "a.jpg"},
      {"filename=\"\"", ""},
      {"filename=\"a;b=c.jpg\"", "a;b=c.jpg"},
      {"filename=\"say %22cheese%22.jpg\"", "say \"cheese\".jpg"},
      {"filename=\"say \\\"cheese\\\".jpg\"", "say \"cheese\".jpg"},
      {"filename=\"two%0d%0Alines.jpg\"", "two\r\nlines.jpg"},
      {"filename=\"100%41%.jpg\"", "100%41%.jpg"},
      {"filename=\"C:\\pictures\\a.jpg\"", "C:\\pictures\\a.jpg"},
      {"filename=\"ends in a backslash\\\"", "ends in a backslash\\"},
      {"filename=\"a\\\\b\"", "a\\b"},
      {"filename=\"\xF0\x9F\x90\xB6.jpg\"", "\xF0\x9F\x90\xB6.jpg"},
      {"filename=\"say \"cheese\".jpg\"", "say \"cheese\".jpg"},
      {"filename=\"a\";b\".jpg\"", "a\";b\".jpg"},
      {"filename=\"a\"; x=\"b\"", "a"},
      {"filename='a;b.jpg'", "a;b.jpg"},
      {"filename='it's.jpg'; x=y", "it's.jpg"},
      {"filename=\"Caf\xE9.jpg\"", "Caf\uFFFD.jpg"},
      {"filename*=UTF-8''other.jpg", std::nullopt},
      {"filename=\"a.jpg\"; filename*=UTF-8''other.jpg", "a.jpg"},
  }));
  INFO(one.parameter);
  const std::string header = "Content-Disposition: form-data; name=\"file\"; " + one.parameter;
  const auto form = parse_form(part(header, "x") + "--b--", "b");
  REQUIRE(std::holds_alternative<Form>(form));
  CHECK(std::get<Form>(form).parts.at(0).file_name == one.name);
}

TEST_CASE("invalid forms are rejected") {
  struct Case {
    std::string body;
    std::string_view word;
  };
  std::string many;
  for (std::size_t i = 0; i <= form_files_max; ++i) many += part(file_header, "");
  const auto one = GENERATE_COPY(values<Case>({
      {"", "begin with the boundary"},
      {"--c\r\n", "begin with the boundary"},
      {"--b", "begin with the boundary"},
      {part(file_header, "abc"), "incomplete"},
      {part(file_header, "abc") + "--b-", "incomplete"},
      {"--b\r\n" + file_header, "incomplete"},
      {"--b\r\nA: " + std::string(part_header_bytes_max, 'a') + "\r\n\r\n\r\n--b--",
       "too long (limit 8 KiB)"},
      {part(" " + file_header, "x") + "--b--", "begins with a blank"},
      {"--b\n" + file_header + "\n\nx\n--b--\n", "LF only"},
      {"preamble\n--b\n" + file_header + "\n\nx\n--b--\n", "LF only"},
      {"--b\r\n" + file_header + "\n\nx\n--b--\n", "LF only"},
      {"--b\r\n" + file_header + "\nA: b\r\n\r\nx\r\n--b--", "LF only"},
      {"--b\r\n" + file_header + "\r\n\r\nx\n--b--\n", "LF only"},
      {part("no colon", "x") + "--b--", "colon"},
      {part("Content-Type: text/plain", "x") + "--b--", "no Content-Disposition"},
      {part("Content-Disposition: form-data", "x") + "--b--", "without a name"},
      {part("Content-Disposition: attachment; name=a", "x") + "--b--", "without a name"},
      {part("Content-Disposition: form-data; name=\"a", "x") + "--b--", "without a name"},
      {part("Content-Disposition: form-data; name", "x") + "--b--", "without a name"},
      {many + "--b--", "too many pictures (limit 200)"},
  }));
  INFO(one.body.substr(0, 200));
  const auto form = parse_form(one.body, "b");
  REQUIRE(std::holds_alternative<FormError>(form));
  CHECK(std::get<FormError>(form).sentence.find(one.word) != std::string::npos);
}

TEST_CASE("every truncated form is rejected") {
  const std::string body =
      part("Content-Disposition: form-data; name=x", "1") + part(file_header, "abc") + "--b--";
  for (std::size_t size = 0; size < body.size(); ++size) {
    const std::string cut = body.substr(0, size);
    INFO(size);
    CHECK(std::holds_alternative<FormError>(parse_form(cut, "b")));
  }
}

}  // namespace
}  // namespace samoyed::web
