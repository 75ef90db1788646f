#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "worker/announce/announce_options.hpp"

namespace samoyed::worker {

/// Makes a worker's calls to its dispatcher's HTTP API, with libcurl.
///
/// Not thread-safe: use from one thread.
class DispatcherClient {
 public:
  /// A call ends early, with a failure, when `stop_socket` becomes readable or its peer is gone.
  DispatcherClient(const AnnounceOptions& options, int stop_socket);
  ~DispatcherClient();

  // Each returns an empty string, or why it failed, as part of a sentence.

  /// Adds the worker to the dispatcher's list, which also returns it to the rotation.
  std::string add(const std::string& address);
  /// Adds the worker if it isn't in the list, as after a restart of the dispatcher. One that the
  /// dispatcher ejected stays ejected.
  std::string add_if_missing(const std::string& address);
  /// Removes the worker from the list. Doesn't end early.
  std::string remove(const std::string& address);

  /// True if the last call was sent but got no answer, so the dispatcher may have carried it out.
  bool is_unanswered() const { return unanswered_; }

  /// This machine's IP address on the way to the dispatcher. Empty if there is no connection; then
  /// `why` says why.
  std::string own_address(std::string& why);

 private:
  struct Handle;
  struct Response {
    long status = 0;
    std::string reason;   ///< Of the header Samoyed-Reason.
    std::string failure;  ///< Why there was no response.
  };

  /// Whether the worker's stop socket ends a call. The last call of a worker has less time instead.
  enum class Ends { early, in_time };

  Response call(const char* method, const std::string& path, Ends ends = Ends::early);
  std::string problem_of(const Response& response) const;

  const AnnounceOptions options_;
  std::unique_ptr<Handle> handle_;
  bool unanswered_ = false;
};

}  // namespace samoyed::worker
