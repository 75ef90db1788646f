#include "dispatcher/client/clientsocket_report.hpp"

#include <iostream>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace samoyed;
using namespace samoyed::clientsocket;
using nlohmann::json;

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
    Report report(/*json=*/false, 1);
    const protocol::Refusal refusal{protocol::RefusalReason::unreadable, "\x1b[2J no\nimage"};
    report.failed("a\x1b.jpg", {dispatcher::FailureReason::refused, refusal});
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
