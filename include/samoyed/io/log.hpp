#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

namespace samoyed::io {

enum class LogFormat { text, json };

/// Something that a line of the log says besides its text: a field of its own in JSON.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};
using LogFields = std::span<const LogField>;

/// The field by which lines of one request are found; the text format shows it too, and no other.
inline constexpr std::string_view request_id_field = "request_id";

namespace detail {

/// Of the line that this thread is writing: spdlog has no room for them in a message.
inline LogFields& current_fields() {
  thread_local LogFields fields;
  return fields;
}

/// ` request_id=ID` where the line belongs to a request.
class RequestIdFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    for (const LogField& field : current_fields()) {
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

/// One JSON object a line.
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
    for (const LogField& field : current_fields()) {
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

}  // namespace detail

/// How `format` writes lines.
inline std::unique_ptr<spdlog::formatter> log_formatter(LogFormat format) {
  if (format == LogFormat::json) return std::make_unique<detail::JsonFormatter>();
  auto text = std::make_unique<spdlog::pattern_formatter>();
  text->add_flag<detail::RequestIdFlag>('*').set_pattern("%+%*");
  return text;
}

/// Logs a line with fields. Loggers must write on the thread that calls, as ours do.
inline void log(spdlog::level::level_enum level, std::string_view message, LogFields fields) {
  const LogFields outer = std::exchange(detail::current_fields(), fields);
  spdlog::log(level, message);
  detail::current_fields() = outer;
}

}  // namespace samoyed::io
