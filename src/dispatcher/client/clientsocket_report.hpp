#pragma once

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <string>

#include "samoyed/dispatcher/dispatcher.hpp"

namespace samoyed::clientsocket {

/// Each formats one result, as a line of text or as one JSON object, without a line break and
/// without characters that a terminal obeys.
std::string format_text(const std::filesystem::path& file, const dispatcher::Answer& answer);
std::string format_json(const std::filesystem::path& file, const dispatcher::Answer& answer);
std::string format_json_error(const std::filesystem::path& file, const std::string& error);

/// The output of clientsocket. Results go to stdout. The workers used, inactive workers and errors
/// go to stderr, and so does a progress bar if there are many images and stderr is a terminal.
///
/// Thread rule: every member may be called from any thread.
class Report final : public dispatcher::DispatchObserver {
 public:
  Report(bool json, std::size_t image_count);

  void on_attempt(const dispatcher::Worker& worker, const std::string& request_id) override;
  void on_ejected(const dispatcher::Worker& worker, const std::string& why,
                  const std::string& request_id) override;

  void recognized(const std::filesystem::path& file, const dispatcher::Answer& answer);
  void failed(const std::filesystem::path& file, const dispatcher::Failure& failure);
  void unreadable(const std::filesystem::path& file, const std::string& why);

  /// Reports that a thread ended early because it ran out of memory or file descriptors. The other
  /// threads take over its images.
  void thread_failed(const std::string& why);

  /// True if any image or any thread failed.
  bool any_failed() const;

 private:
  void fail(const std::filesystem::path& file, const std::string& error, const std::string& line);
  void print_message(const std::string& line);
  void print_result(const std::string& line);
  void count_one();

  const bool json_;
  const std::size_t image_count_;
  const bool show_progress_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::size_t done_count_ = 0;
  bool any_failed_ = false;
  bool untrained_reported_ = false;
};

}  // namespace samoyed::clientsocket
