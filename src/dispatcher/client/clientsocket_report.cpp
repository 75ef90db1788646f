#include "dispatcher/client/clientsocket_report.hpp"

#include <fmt/format.h>
#include <iostream>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "samoyed/dispatcher/recognition_json.hpp"
#include "samoyed/dispatcher/recognized_row.hpp"
#include "samoyed/protocol/utf8.hpp"

namespace samoyed::clientsocket {
namespace {

using json = nlohmann::ordered_json;

/// With this many images or more, a progress bar replaces the lines about the workers used.
constexpr std::size_t progress_images_min = 20;
constexpr std::size_t bar_width = 40;
/// Returns to the start of the line and erases it (ECMA-48, EL).
constexpr const char* erase_line = "\r\x1b[K";

constexpr const char* untrained_notice = "The network is untrained: its labels mean nothing.";

std::string host_and_port(const dispatcher::Worker& worker) {
  return fmt::format("{} {}", worker.address.host, worker.address.port);
}

/// One object on one line. Invalid UTF-8, for example in a file name, is replaced, and characters
/// that a terminal obeys are escaped.
std::string dump(const json& value) {
  return protocol::escape_json_controls(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace

std::string format_text(const std::filesystem::path& file, const dispatcher::Answer& answer) {
  std::string line = protocol::to_printable(file.string()) + ":";
  const char* separator = " ";
  for (const auto& ranked : answer.recognition.top) {
    line += fmt::format("{}{} {:.3f}%", separator, protocol::to_printable(ranked.label),
                        ranked.probability * 100);
    separator = ", ";
  }
  return line;
}

std::string format_json(const std::filesystem::path& file, const dispatcher::Answer& answer) {
  // `top`, `ms`, `model` and `trained` are former forms of `labels`, `times_ms` and `network`,
  // which are those of the HTTP API.
  json top = json::array();
  for (const auto& ranked : answer.recognition.top) {
    top.push_back({{"label", ranked.label}, {"probability", ranked.probability}});
    if (ranked.class_index) top.back()["class"] = *ranked.class_index;
  }
  json value = {{"file", file.string()},
                {"worker", to_string(answer.worker)},
                {"network", dispatcher::network_json(answer.model)},
                {"labels", dispatcher::labels_json(answer.recognition.top)},
                {"times_ms", dispatcher::times_json(dispatcher::times_of(answer))},
                {"top", std::move(top)},
                {"ms", answer.elapsed_ms}};
  if (answer.model) {
    value["model"] = answer.model->name;
    value["trained"] = answer.model->trained;
    if (!answer.model->trained) value["notice"] = untrained_notice;
  }
  return dump(value);
}

std::string format_json_error(const std::filesystem::path& file, const std::string& error) {
  return dump({{"file", file.string()}, {"error", error}});
}

Report::Report(bool json, std::size_t image_count)
    : json_(json),
      image_count_(image_count),
      show_progress_(image_count >= progress_images_min && isatty(STDERR_FILENO) != 0) {}

void Report::on_attempt(const dispatcher::Worker& worker, const std::string&) {
  if (show_progress_) return;
  const std::lock_guard lock(mutex_);
  print_message("Using worker: " + host_and_port(worker));
}

void Report::on_ejected(const dispatcher::Worker& worker, const std::string& why,
                        const std::string&) {
  const std::lock_guard lock(mutex_);
  print_message("Inactive worker: " + host_and_port(worker));
  if (show_progress_) print_message("  " + why);
}

void Report::recognized(const std::filesystem::path& file, const dispatcher::Answer& answer) {
  const std::lock_guard lock(mutex_);
  if (answer.model && !answer.model->trained && !untrained_reported_) {
    untrained_reported_ = true;
    print_message(std::string("NOTICE: ") + untrained_notice);
  }
  print_result(json_ ? format_json(file, answer) : format_text(file, answer));
  count_one();
}

void Report::failed(const std::filesystem::path& file, const dispatcher::Failure& failure) {
  const std::string error = describe(failure);
  using dispatcher::FailureReason;
  const bool about_the_file = failure.reason != FailureReason::no_active_worker &&
                              failure.reason != FailureReason::unknown_model;
  fail(file, error, about_the_file ? file.string() + ": " + error : error);
}

void Report::unreadable(const std::filesystem::path& file, const std::string& why) {
  fail(file, why, file.string() + " " + why);
}

void Report::thread_failed(const std::string& why) {
  const std::lock_guard lock(mutex_);
  any_failed_ = true;
  print_message("Error: a thread stopped early: " + why + ". Try fewer --threads.");
}

bool Report::any_failed() const {
  const std::lock_guard lock(mutex_);
  return any_failed_;
}

void Report::fail(const std::filesystem::path& file, const std::string& error,
                  const std::string& line) {
  const std::lock_guard lock(mutex_);
  any_failed_ = true;
  if (json_) print_result(format_json_error(file, error));
  print_message(line);
  count_one();
}

void Report::print_message(const std::string& line) {
  if (show_progress_) std::cerr << erase_line;
  std::cerr << protocol::to_printable(line) << '\n';
}

void Report::print_result(const std::string& line) {
  // On a terminal, both streams write to the line of the progress bar.
  if (show_progress_) std::cerr << erase_line << std::flush;
  std::cout << line << std::endl;
}

void Report::count_one() {
  ++done_count_;
  if (!show_progress_) return;
  const std::size_t filled = bar_width * done_count_ / image_count_;
  std::cerr << fmt::format("{}[{:#<{}}{:.<{}}] {}/{}", erase_line, "", filled, "",
                           bar_width - filled, done_count_, image_count_)
            << (done_count_ == image_count_ ? "\n" : "") << std::flush;
}

}  // namespace samoyed::clientsocket
