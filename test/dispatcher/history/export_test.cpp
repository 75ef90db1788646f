#include <catch2/catch.hpp>

#include "samoyed/dispatcher/history_export.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using Catch::Matchers::Contains;

TEST_CASE("a cell is quoted, valid and on one line") {
  CHECK(csv_cell("") == "\"\"");
  CHECK(csv_cell("dog.jpg") == "\"dog.jpg\"");
  CHECK(csv_cell("a,b") == "\"a,b\"");
  CHECK(csv_cell("a\"b") == "\"a\"\"b\"");
  CHECK(csv_cell("a\r\n\tb\x1b\x7F\u009B") == "\"a\uFFFD\uFFFD\uFFFDb\uFFFD\uFFFD\uFFFD\"");
  CHECK(csv_cell("Caf\xE9") == "\"Caf\uFFFD\"");
}

TEST_CASE("an apostrophe keeps a cell from being a formula") {
  CHECK(csv_cell("=1+1") == "\"'=1+1\"");
  CHECK(csv_cell("+1") == "\"'+1\"");
  CHECK(csv_cell("-1") == "\"'-1\"");
  CHECK(csv_cell("@SUM(A1)") == "\"'@SUM(A1)\"");
  CHECK(csv_cell(" =1") == "\"' =1\"");
  CHECK(csv_cell("\"=1") == "\"'\"\"=1\"");
  CHECK(csv_cell("\uFF1D1") == "\"'\uFF1D1\"");
  CHECK(csv_cell("=HYPERLINK(\"x\",\"y\")") == "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
  CHECK(csv_cell("1-1") == "\"1-1\"");
}

TEST_CASE("a cell is no formula for a spreadsheet that separates cells by semicolons") {
  CHECK(csv_cell("a;=1") == "\"a;'=1\"");
  CHECK(csv_cell("a; \"=1;@b;c-d") == "\"a;' \"\"=1;'@b;c-d\"");
  CHECK(csv_cell("a;b;") == "\"a;b;\"");
}

TEST_CASE("a row is one record with as many cells as the header") {
  HistoryRow row{.time_ms = 1769860800123,
                 .file_name = "=cmd",
                 .image_bytes = 1000,
                 .width = 300,
                 .height = 200,
                 .worker = "localhost:8888",
                 .model = "squeezenet1_1",
                 .top = {{"Samoyed", 258, 0.5}, {"tailed frog, bell toad", 32, 0.25}},
                 .times = {.forward_ms = 3.5, .total_ms = 0.1}};
  const std::string text = history_csv_row(row);
  CHECK(text ==
        "2026-01-31T12:00:00.123Z,\"'=cmd\",1000,300,200,60000,\"squeezenet1_1\",true,"
        "\"localhost:8888\",\"page\",\"\",0,0,0,0,3.5,0.1,\"Samoyed\",0.5,"
        "\"tailed frog, bell toad\",0.25,,,,,,\r\n");
  const std::string header = history_csv_header();
  CHECK(std::ranges::count(header, ',') == std::ranges::count(text, ',') - 1);
}

TEST_CASE("the JSON of a row is valid UTF-8 even if the file name isn't") {
  HistoryRow row{
      .id = 7, .file_name = "d\xffg\"\u009B", .top = {{"Samoyed", 258, 0.5}, {"wolf", {}, 0.1}}};
  row.times = {1, 2, 3, 4, 5, 16};
  row.has_thumbnail = true;
  const std::string text = history_json(row, "/results/7/thumbnail.jpg");
  CHECK_THAT(text, Contains(R"("id":7,"time":"1970-01-01T00:00:00.000Z")"));
  CHECK_THAT(text, Contains("\"file_name\":\"d\xef\xbf\xbdg\\\"\\u009b\""));
  CHECK_THAT(text, Contains(R"("labels":[{"label":"Samoyed","class":258,"probability":0.5},)"
                            R"({"label":"wolf","class":null,"probability":0.1}])"));
  CHECK_THAT(text, Contains(R"("times_ms":{"queue":1.0,"transfer":2.0,"decode":3.0,"resize":4.0,)"
                            R"("forward":5.0,"total":16.0})"));
  CHECK_THAT(text, Contains(R"("has_thumbnail":true,"thumbnail":"/results/7/thumbnail.jpg")"));
  row.has_thumbnail = false;
  CHECK_THAT(history_json(row, "/results/7/thumbnail.jpg"), !Contains(R"("thumbnail":)"));
}

TEST_CASE("times before 1970 are formatted with the right milliseconds") {
  CHECK(utc_text(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(utc_text(1) == "1970-01-01T00:00:00.001Z");
}
