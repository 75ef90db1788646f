#include "worker/model/labels.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using samoyed::worker::load_labels;
using samoyed::worker::parse_labels;

namespace {

std::string labels_error(const std::string& text) {
  try {
    parse_labels(text, "l.txt");
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("labels are the lines of the text, with or without a last line break") {
  const std::vector<std::string> expected = {"tench", "great white shark", "jack-o'-lantern"};
  CHECK(parse_labels("tench\ngreat white shark\njack-o'-lantern\n", "l.txt") == expected);
  CHECK(parse_labels("tench\ngreat white shark\njack-o'-lantern", "l.txt") == expected);
}

TEST_CASE("a label may contain text that only resembles the end of a message") {
  for (const std::string label : {"a -123", "a-1234", "a - 1234", "a -12x4", "-1234"}) {
    CHECK(parse_labels(label, "l.txt") == std::vector{label});
  }
}

TEST_CASE("every well-formed UTF-8 sequence is allowed in a label") {
  for (const std::string label : {"caf\xC3\xA9", "\xE7\x8A\xAC", "\xF0\x9F\x90\x95", "\xED\x9F\xBF",
                                  "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF"}) {
    CHECK(parse_labels(label, "l.txt") == std::vector{label});
  }
}

TEST_CASE("a label that can't be used is an error that names the line and what to do") {
  const struct {
    std::string text, error;
  } cases[] = {
      {"", "l.txt: no labels; write one on each line"},
      {"\n", "l.txt:1: the line is empty; write one label on each line"},
      {"a\n\nb\n", "l.txt:2: the line is empty; write one label on each line"},
      {"a\nb,c\n",
       "l.txt:2: the label contains ',' or ':', which separate labels in a result; remove it"},
      {"a:b",
       "l.txt:1: the label contains ',' or ':', which separate labels in a result; remove it"},
      {"a\nb\nc -1234",
       "l.txt:3: the label contains a space, '-' and four digits, which end a message; change it"},
      {"x -1 -56789",
       "l.txt:1: the label contains a space, '-' and four digits, which end a message; change it"},
      {"errors\nerror\n", "l.txt:2: the label `error` marks an error in a result; change it"},
      {"a\u009Bb",
       "l.txt:1: the label contains a control character; write plain text with LF line breaks"},
      {"a\r\nb\r\n",
       "l.txt:1: the label contains a control character; write plain text with LF line breaks"},
  };
  for (const auto& [text, error] : cases) CHECK(labels_error(text) == error);
}

TEST_CASE("malformed UTF-8 is an error") {
  // A lone continuation byte, overlong forms, surrogates, a value beyond U+10FFFF, truncated
  // sequences, Latin-1.
  for (const std::string label :
       {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE7\x8A", "\xC3", "\xC3(", "caf\xE9 au lait"}) {
    CHECK(labels_error("a\n" + label) == "l.txt:2: not UTF-8; save the file as UTF-8");
  }
}

TEST_CASE("the project's labels are torchvision's 1000 ImageNet categories") {
  const auto labels = load_labels(SAMOYED_SOURCE_DIR "/src/worker/data/imagenet_labels.txt");
  REQUIRE(labels.size() == 1000);
  CHECK(labels[0] == "tench");
  CHECK(labels[134] == "crane bird");
  CHECK(labels[258] == "Samoyed");
  CHECK(labels[639] == "maillot tank suit");
  CHECK(labels[999] == "toilet tissue");
}

TEST_CASE("a labels file that can't be read is an error that names it") {
  const auto folder = std::filesystem::temp_directory_path();
  CHECK_THROWS_WITH(load_labels("/nowhere/l.txt"),
                    "/nowhere/l.txt: no such file; expected a labels file");
  CHECK_THROWS_WITH(load_labels(folder),
                    folder.string() + ": not a regular file; expected a labels file");
}
