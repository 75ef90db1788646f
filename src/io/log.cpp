#include "samoyed/io/log.hpp"

#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "io/log_formatter.hpp"

namespace samoyed::io {
namespace {

/// The fields of the line that this thread is writing. An spdlog message can't carry them.
thread_local LogFields current_fields;

/// Writes ` request_id=ID` if the line belongs to a request.
class RequestIdFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    for (const LogField& field : current_fields) {
      const auto* id = std::get_if<std::string_view>(&field.value);
      if (field.name != request_id_field || !id || id->empty()) continue;
      out.append(std::string_view(" request_id="));
      out.append(*id);
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<RequestIdFlag>();
  }
};

/// Writes one JSON object per line.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    spdlog::memory_buf_t time;
    time_.format(message, time);
    const auto level = spdlog::level::to_string_view(message.level);
    nlohmann::ordered_json line;
    line["time"] = std::string_view(time.data(), time.size());
    line["level"] = std::string_view(level.data(), level.size());
    line["logger"] = std::string_view(message.logger_name.data(), message.logger_name.size());
    line["message"] = std::string_view(message.payload.data(), message.payload.size());
    for (const LogField& field : current_fields) {
      const auto* text = std::get_if<std::string_view>(&field.value);
      if (text && text->empty()) continue;
      std::visit([&](const auto& value) { line[std::string(field.name)] = value; }, field.value);
    }
    out.append(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    out.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }

 private:
  spdlog::pattern_formatter time_{"%Y-%m-%dT%H:%M:%S.%eZ", spdlog::pattern_time_type::utc, ""};
};

}  // namespace

std::unique_ptr<spdlog::formatter> log_formatter(LogFormat format) {
  if (format == LogFormat::json) return std::make_unique<JsonFormatter>();
  auto text = std::make_unique<spdlog::pattern_formatter>();
  text->add_flag<RequestIdFlag>('*').set_pattern("%+%*");
  return text;
}

void start_log(const std::string& program, LogFormat format) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt(program));
  spdlog::set_formatter(log_formatter(format));
}

void log(spdlog::level::level_enum level, std::string_view message, LogFields fields) {
  const LogFields outer = std::exchange(current_fields, fields);
  spdlog::log(level, message);
  current_fields = outer;
}

}  // namespace samoyed::io
