#include "dispatcher/client/clientsocket_report.hpp"

#include <iostream>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace samoyed;
using namespace samoyed::clientsocket;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

dispatcher::Answer answer(bool trained) {
  protocol::Recognition recognition;
  recognition.top = {{"Samoyed", 258, 0.93009}, {"Great \"Pyrenees\"", {}, 0.0146853}};
  return {recognition, {"::1", 8888}, dispatcher::WorkerModel{"squeezenet1_1", trained}, 12.5};
}

}  // namespace

TEST_CASE("a result is one line of text with percentages") {
  CHECK(format_text("dog.jpg", answer(true)) ==
        "dog.jpg: Samoyed 93.009%, Great \"Pyrenees\" 1.469%");
}

TEST_CASE("names and labels can't control a terminal") {
  dispatcher::Answer hostile = answer(true);
  hostile.recognition.top.front().label = "\x1b]0;title\x07 dog\x7F";
  const std::string text = format_text("\u009B2J\n.jpg", hostile);
  CHECK(text.starts_with("\uFFFD2J\uFFFD.jpg: \uFFFD]0;title\uFFFD dog\uFFFD 93.009%"));

  const std::string line = format_json("\u009B2J\n.jpg", hostile);
  CHECK(line.find("\u009B") == line.npos);
  CHECK(json::parse(line)["file"] == "\u009B2J\n.jpg");
}

TEST_CASE("what a worker says can't control a terminal") {
  std::ostringstream output;
  std::streambuf* const before = std::cerr.rdbuf(output.rdbuf());
  {
    Report report(OutputFormat::text, /*quiet=*/false, 1);
    const protocol::Refusal refusal{protocol::RefusalReason::unreadable, "\x1b[2J no\nimage"};
    const dispatcher::Failure failure{dispatcher::FailureReason::refused, refusal};
    report.failed("a\x1b.jpg", failure, describe(failure));
  }
  std::cerr.rdbuf(before);
  CHECK(output.str() == "a\uFFFD.jpg: \uFFFD[2J no\uFFFDimage\n");
}

TEST_CASE("a result is one JSON object on one line") {
  const std::string line = format_json("dog\n.jpg", answer(true));
  CHECK(line.find('\n') == std::string::npos);
  json value = json::parse(line);
  CHECK(value["network"] == json{{"name", "squeezenet1_1"}, {"trained", true}});
  CHECK(value["labels"][0] == json{{"label", "Samoyed"}, {"class", 258}, {"probability", 0.93009}});
  CHECK(value["labels"][1]["class"].is_null());
  CHECK(value["times_ms"]["total"] == 12.5);
  for (const char* const name : {"network", "labels", "times_ms"}) value.erase(name);
  CHECK(value == json{{"file", "dog\n.jpg"},
                      {"worker", "[::1]:8888"},
                      {"top",
                       {{{"label", "Samoyed"}, {"probability", 0.93009}, {"class", 258}},
                        {{"label", "Great \"Pyrenees\""}, {"probability", 0.0146853}}}},
                      {"ms", 12.5},
                      {"model", "squeezenet1_1"},
                      {"trained", true}});
}

TEST_CASE("an answer of an untrained network says that it is untrained") {
  const json value = json::parse(format_json("dog.jpg", answer(false)));
  CHECK(value["trained"] == false);
  CHECK(value["notice"] == "The network is untrained: its labels mean nothing.");
}

TEST_CASE("an answer of a reference server says nothing about its network") {
  dispatcher::Answer plain = answer(true);
  plain.model.reset();
  const json value = json::parse(format_json("dog.jpg", plain));
  CHECK_FALSE(value.contains("trained"));
  CHECK_FALSE(value.contains("model"));
}

TEST_CASE("a file name with invalid UTF-8 still gives one JSON object") {
  const json value = json::parse(format_json_error("\xFF\xFE.jpg", "can't be read"));
  CHECK(value["error"] == "can't be read");
  CHECK(value["file"].get<std::string>().ends_with(".jpg"));
}

TEST_CASE("a result is CSV with one record for each label") {
  CHECK(csv_header() == "file,rank,label,class,probability,worker,model,trained,ms,error");
  CHECK(format_csv("a,b.jpg", answer(true)) ==
        "\"a,b.jpg\",1,\"Samoyed\",258,0.93009,\"[::1]:8888\",\"squeezenet1_1\",true,12.5,\r\n"
        "\"a,b.jpg\",2,\"Great \"\"Pyrenees\"\"\",,0.0146853,\"[::1]:8888\",\"squeezenet1_1\",true,"
        "12.5,");
  dispatcher::Answer plain = answer(true);
  plain.model.reset();
  plain.recognition.top.resize(1);
  CHECK(format_csv("a.jpg", plain) == "\"a.jpg\",1,\"Samoyed\",258,0.93009,\"[::1]:8888\",,,12.5,");
  CHECK(format_csv_error("a.jpg", "The file is empty.") ==
        "\"a.jpg\",,,,,,,,,\"The file is empty.\"");
}

TEST_CASE("a spreadsheet takes no name or label for a formula") {
  dispatcher::Answer hostile = answer(true);
  hostile.recognition.top.front().label = "=1+1";
  const std::string records = format_csv("-.jpg", hostile);
  CHECK(records.starts_with("\"'-.jpg\",1,\"'=1+1\","));
}

TEST_CASE("the totals of a run are one line") {
  CHECK(format_totals({.recognized = 11, .failed = 1, .skipped = 3, .elapsed = 840ms}) ==
        "12 images: 11 recognized, 1 failed. Skipped: 3 files. 0.8 s");
  CHECK(format_totals({.recognized = 1, .failed = 0, .skipped = 1, .elapsed = 2s}) ==
        "1 image: 1 recognized, 0 failed. Skipped: 1 file. 2.0 s");
  CHECK(format_totals({.recognized = 2, .failed = 0, .skipped = 0, .elapsed = 0s}) ==
        "2 images: 2 recognized, 0 failed. 0.0 s");
}

namespace {

/// What a report writes to stderr about an image, a skipped file and a folder that can't be
/// searched.
std::string messages_of_report(bool quiet) {
  std::ostringstream output;
  std::streambuf* const before = std::cerr.rdbuf(output.rdbuf());
  {
    Report report(OutputFormat::text, quiet, 1);
    report.left_out({.files = {"a.jpg"},
                     .skipped = {{"b.txt", "extension .txt"}},
                     .unsearched = {{"c", "Permission denied"}}});
    report.on_attempt({.id = {}, .address = {"localhost", 8888}}, "");
    report.unreadable("a.jpg", "The file is empty.");
    report.finish(0ms);
    CHECK(report.any_failed());
  }
  std::cerr.rdbuf(before);
  return output.str();
}

}  // namespace

TEST_CASE("nothing is skipped silently, and a summary closes the run") {
  CHECK(messages_of_report(/*quiet=*/false) ==
        "Skipped b.txt (extension .txt)\n"
        "c: can't be searched: Permission denied\n"
        "Using worker: localhost 8888\n"
        "a.jpg: The file is empty.\n"
        "1 image: 0 recognized, 1 failed. Skipped: 1 file. 0.0 s\n");
}

TEST_CASE("with --quiet only errors remain") {
  CHECK(messages_of_report(/*quiet=*/true) ==
        "c: can't be searched: Permission denied\n"
        "a.jpg: The file is empty.\n");
}
