#include "samoyed/io/log.hpp"

#include <chrono>
#include <memory>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include "io/log_formatter.hpp"
#include "samoyed/io/log_writer.hpp"

namespace samoyed::io {
namespace {

/// Some thousand lines: enough for a reader that pauses for a moment.
constexpr std::size_t waiting_bytes_max = std::size_t{1} << 20;
/// A reader that is there takes a full pipe in a few milliseconds.
constexpr std::chrono::milliseconds finish_timeout{1000};

/// The writer of the process's log. Null before `start_log`.
std::shared_ptr<LogWriter> log_writer;

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

/// Formats each line on the thread that logs it, where its fields are, and passes it to the writer.
class WriterSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit WriterSink(std::shared_ptr<LogWriter> writer) : writer_(std::move(writer)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    writer_->write({line.data(), line.size()});
  }
  void flush_() override {}

 private:
  std::shared_ptr<LogWriter> writer_;
};

/// Returns the notice about dropped lines in the format of the log.
LogWriter::Notice notice_in(const std::string& program, LogFormat format) {
  return [program, formatter = std::shared_ptr(log_formatter(format))](std::uint64_t lines) {
    const std::string text = fmt::format(
        "{} lines of the log were dropped here because nobody read them or they couldn't be "
        "written",
        lines);
    spdlog::memory_buf_t line;
    formatter->format(spdlog::details::log_msg(program, spdlog::level::warn, text), line);
    return std::string(line.data(), line.size());
  };
}

}  // namespace

std::unique_ptr<spdlog::formatter> log_formatter(LogFormat format) {
  if (format == LogFormat::json) return std::make_unique<JsonFormatter>();
  auto text = std::make_unique<spdlog::pattern_formatter>();
  text->add_flag<RequestIdFlag>('*').set_pattern("%+%*");
  return text;
}

void start_log(const std::string& program, LogFormat format) {
  log_writer =
      std::make_shared<LogWriter>(STDERR_FILENO, waiting_bytes_max, notice_in(program, format));
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>(program, std::make_shared<WriterSink>(log_writer)));
  spdlog::set_formatter(log_formatter(format));
}

void log(spdlog::level::level_enum level, std::string_view message, LogFields fields) {
  const LogFields outer = std::exchange(current_fields, fields);
  spdlog::log(level, message);
  current_fields = outer;
}

void finish_log(std::string_view last_line) {
  if (!log_writer) return;
  if (!last_line.empty()) log_writer->write(last_line);
  log_writer->flush(finish_timeout);
}

std::uint64_t dropped_log_lines() { return log_writer ? log_writer->dropped() : 0; }

}  // namespace samoyed::io
