#include "dispatcher/client/clientsocket_report.hpp"

#include <fmt/format.h>
#include <iostream>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "samoyed/dispatcher/history_export.hpp"
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

std::string csv_header() {
  return "file,rank,label,class,probability,worker,model,trained,ms,error";
}

std::string format_csv(const std::filesystem::path& file, const dispatcher::Answer& answer) {
  using dispatcher::csv_cell;
  std::string about_image = csv_cell(to_string(answer.worker)) + ",";
  if (answer.model) {
    about_image += fmt::format("{},{}", csv_cell(answer.model->name), answer.model->trained);
  } else {
    about_image += ",";
  }
  about_image += fmt::format(",{},", answer.elapsed_ms);
  std::string records;
  std::size_t rank = 0;
  for (const auto& ranked : answer.recognition.top) {
    const std::string class_index = ranked.class_index ? std::to_string(*ranked.class_index) : "";
    records +=
        fmt::format("{}{},{},{},{},{},{}", records.empty() ? "" : "\r\n", csv_cell(file.string()),
                    ++rank, csv_cell(ranked.label), class_index, ranked.probability, about_image);
  }
  return records;
}

std::string format_csv_error(const std::filesystem::path& file, const std::string& error) {
  return dispatcher::csv_cell(file.string()) + ",,,,,,,,," + dispatcher::csv_cell(error);
}

std::string format_totals(const RunTotals& totals) {
  const auto count = [](std::size_t number, const char* one) {
    return fmt::format("{} {}{}", number, one, number == 1 ? "" : "s");
  };
  std::string text = fmt::format("{}: {} recognized, {} failed.",
                                 count(totals.recognized + totals.failed, "image"),
                                 totals.recognized, totals.failed);
  if (totals.skipped > 0) text += " Skipped: " + count(totals.skipped, "file") + ".";
  return text + fmt::format(" {:.1f} s", std::chrono::duration<double>(totals.elapsed).count());
}

Report::Report(OutputFormat format, bool quiet, std::size_t image_count)
    : format_(format),
      quiet_(quiet),
      image_count_(image_count),
      show_progress_(!quiet && image_count >= progress_images_min && isatty(STDERR_FILENO) != 0) {
  if (format_ == OutputFormat::csv) print_result(csv_header());
}

void Report::on_attempt(const dispatcher::Worker& worker, const std::string&) {
  if (quiet_ || show_progress_) return;
  const std::lock_guard lock(mutex_);
  print_message("Using worker: " + host_and_port(worker));
}

void Report::on_ejected(const dispatcher::Worker& worker, const std::string& why,
                        const std::string&) {
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  print_message("Inactive worker: " + host_and_port(worker));
  print_message("  " + why);
}

void Report::recognized(const std::filesystem::path& file, const dispatcher::Answer& answer) {
  const std::lock_guard lock(mutex_);
  if (answer.model && !answer.model->trained && !untrained_reported_) {
    untrained_reported_ = true;
    print_message(std::string("NOTICE: ") + untrained_notice);
  }
  switch (format_) {
    case OutputFormat::text:
      print_result(format_text(file, answer));
      break;
    case OutputFormat::json:
      print_result(format_json(file, answer));
      break;
    case OutputFormat::csv:
      print_result(format_csv(file, answer));
      break;
  }
  ++totals_.recognized;
  show_progress();
}

void Report::failed(const std::filesystem::path& file, const dispatcher::Failure& failure,
                    const std::string& error) {
  using dispatcher::FailureReason;
  const bool about_the_file = failure.reason != FailureReason::no_active_worker &&
                              failure.reason != FailureReason::unknown_model;
  fail(file, error, about_the_file ? file.string() + ": " + error : error);
}

void Report::unreadable(const std::filesystem::path& file, const std::string& why) {
  fail(file, why, file.string() + ": " + why);
}

void Report::left_out(const ImageSearch& search) {
  const std::lock_guard lock(mutex_);
  totals_.skipped = search.skipped.size();
  if (!quiet_) {
    for (const std::string& line : describe_skipped(search.skipped)) print_message(line);
  }
  for (const auto& [folder, why] : search.unsearched) {
    any_failed_ = true;
    print_failure(folder, "can't be searched: " + why);
    print_message(folder.string() + ": can't be searched: " + why);
  }
}

void Report::finish(std::chrono::milliseconds elapsed) {
  const std::lock_guard lock(mutex_);
  totals_.elapsed = elapsed;
  const bool one_image = image_count_ == 1 && totals_.skipped == 0;
  if (!quiet_ && !one_image) print_message(format_totals(totals_));
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
  print_failure(file, error);
  print_message(line);
  ++totals_.failed;
  show_progress();
}

void Report::print_failure(const std::filesystem::path& file, const std::string& error) {
  if (format_ == OutputFormat::json) print_result(format_json_error(file, error));
  if (format_ == OutputFormat::csv) print_result(format_csv_error(file, error));
}

void Report::print_message(const std::string& line) {
  if (show_progress_) std::cerr << erase_line;
  std::cerr << protocol::to_printable(line) << '\n';
}

void Report::print_result(const std::string& line) {
  // On a terminal, both streams write to the line of the progress bar.
  if (show_progress_) std::cerr << erase_line << std::flush;
  std::cout << line << (format_ == OutputFormat::csv ? "\r" : "") << std::endl;
}

void Report::show_progress() {
  if (!show_progress_) return;
  const std::size_t done = totals_.recognized + totals_.failed;
  const std::size_t filled = bar_width * done / image_count_;
  std::cerr << fmt::format("{}[{:#<{}}{:.<{}}] {}/{}", erase_line, "", filled, "",
                           bar_width - filled, done, image_count_)
            << (done == image_count_ ? "\n" : "") << std::flush;
}

}  // namespace samoyed::clientsocket
