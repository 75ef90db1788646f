#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <string>

#include "dispatcher/client/clientsocket_options.hpp"
#include "dispatcher/client/image_files.hpp"
#include "samoyed/dispatcher/dispatcher.hpp"

namespace samoyed::clientsocket {

/// Each formats one result, as a line of text or as one JSON object, without a line break and
/// without characters that a terminal obeys.
std::string format_text(const std::filesystem::path& file, const dispatcher::Answer& answer);
std::string format_json(const std::filesystem::path& file, const dispatcher::Answer& answer);
std::string format_json_error(const std::filesystem::path& file, const std::string& error);

/// The first record of `--csv`, without its line break: `file,rank,label,...`.
std::string csv_header();

/// Format one result as CSV records (RFC 4180), one for each label, or one for an error, with CRLF
/// between them. Safe to open in a spreadsheet (dispatcher::csv_cell).
std::string format_csv(const std::filesystem::path& file, const dispatcher::Answer& answer);
std::string format_csv_error(const std::filesystem::path& file, const std::string& error);

/// What a run did.
struct RunTotals {
  std::size_t recognized = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;
  std::chrono::milliseconds elapsed{0};

  bool operator==(const RunTotals&) const = default;
};

/// Formats the totals as a line: `12 images: 11 recognized, 1 failed. Skipped: 3 files. 0.8 s`.
std::string format_totals(const RunTotals& totals);

/// The output of clientsocket. Results go to stdout. The workers used, inactive workers, errors and
/// a closing summary go to stderr, and so does a progress bar if there are many images and stderr
/// is a terminal.
///
/// Thread rule: every member may be called from any thread.
class Report final : public dispatcher::DispatchObserver {
 public:
  /// With `quiet` only results and errors are printed.
  Report(OutputFormat format, bool quiet, std::size_t image_count);

  void on_attempt(const dispatcher::Worker& worker, const std::string& request_id) override;
  void on_ejected(const dispatcher::Worker& worker, const std::string& why,
                  const std::string& request_id) override;

  void recognized(const std::filesystem::path& file, const dispatcher::Answer& answer);
  /// `error` is the failure's message for people.
  void failed(const std::filesystem::path& file, const dispatcher::Failure& failure,
              const std::string& error);
  void unreadable(const std::filesystem::path& file, const std::string& why);

  /// Reports files that folders contain besides images, and folders that can't be searched.
  void left_out(const ImageSearch& search);

  /// Prints the closing summary if there is more to say than the result of one image.
  void finish(std::chrono::milliseconds elapsed);

  /// Reports that a thread ended early because it ran out of memory or file descriptors. The other
  /// threads take over its images.
  void thread_failed(const std::string& why);

  /// True if any image, folder or thread failed.
  bool any_failed() const;

 private:
  void fail(const std::filesystem::path& file, const std::string& error, const std::string& line);
  void print_failure(const std::filesystem::path& file, const std::string& error);
  void print_message(const std::string& line);
  void print_result(const std::string& line);
  void show_progress();

  const OutputFormat format_;
  const bool quiet_;
  const std::size_t image_count_;
  const bool show_progress_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  RunTotals totals_;
  bool any_failed_ = false;
  bool untrained_reported_ = false;
};

}  // namespace samoyed::clientsocket
