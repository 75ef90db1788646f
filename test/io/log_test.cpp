#include "samoyed/io/log.hpp"

#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "io/log_formatter.hpp"

namespace samoyed::io {
namespace {

/// Returns what is logged in a format: a line with fields, then a line without.
std::string logged(LogFormat format, std::string_view message, LogFields fields) {
  std::ostringstream out;
  const auto former = spdlog::default_logger();
  const auto logger = std::make_shared<spdlog::logger>(
      "kennel", std::make_shared<spdlog::sinks::ostream_sink_st>(out));
  logger->set_formatter(log_formatter(format));
  spdlog::set_default_logger(logger);
  log(spdlog::level::warn, message, fields);
  spdlog::info("no fields");
  spdlog::set_default_logger(former);
  return out.str();
}

const LogField fields[] = {{request_id_field, "id-1"},
                           {"status", std::int64_t{200}},
                           {"elapsed_ms", 1.5},
                           {"client", "\xff\"\n"}};

TEST_CASE("a text line ends with its request's id if it belongs to a request") {
  const std::string text = logged(LogFormat::text, "removed {}", fields);
  CHECK(text.find("[kennel] [warning] removed {} request_id=id-1\n") != text.npos);
  CHECK(text.ends_with("[kennel] [info] no fields\n"));
}

TEST_CASE("a JSON line is one object with all fields, whatever bytes they contain") {
  std::istringstream lines(logged(LogFormat::json, "removed\n\xfe", fields));
  std::string line;
  std::getline(lines, line);
  const auto first = nlohmann::json::parse(line);
  CHECK(first.at("level") == "warning");
  CHECK(first.at("logger") == "kennel");
  CHECK(first.at("message") == "removed\n\xef\xbf\xbd");
  CHECK(first.at("request_id") == "id-1");
  CHECK(first.at("status") == 200);
  CHECK(first.at("elapsed_ms") == 1.5);
  CHECK(first.at("client") == "\xef\xbf\xbd\"\n");
  const std::string time = first.at("time");
  CHECK(time.size() == std::string_view("2026-01-01T00:00:00.000Z").size());
  std::getline(lines, line);
  CHECK(!nlohmann::json::parse(line).contains("request_id"));
}

}  // namespace
}  // namespace samoyed::io
