#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/protocol/address.hpp"
#include "samoyed/protocol/result.hpp"

namespace samoyed::dispatcher {

/// An image was recognized.
struct Answer {
  protocol::Recognition recognition;
  protocol::Address worker;
  /// std::nullopt for a reference server.
  std::optional<WorkerModel> model;
  /// From the request's start to the result, retries included, in milliseconds.
  double elapsed_ms = 0;
  /// From the size message to the A of the image, with the worker that answered, in milliseconds.
  double transfer_ms = 0;
};

enum class FailureReason {
  no_active_worker,  ///< The list is empty, or every worker in it is dead.
  unknown_model,     ///< No worker in the list runs the requested model.
  no_resources,      ///< The dispatcher ran out of file descriptors, memory or name lookups.
  all_busy,          ///< Every worker in rotation was busy.
  refused,           ///< A worker can't recognize the image: `Failure::refusal` says why.
  workers_closed,    ///< Two workers closed the connection or died after they had received the
                     ///< complete image, so the image is to blame.
  deadline,          ///< The request's deadline passed.
  cancelled,         ///< No one waits for the answer anymore.
};

/// An image was not recognized.
struct Failure {
  FailureReason reason = FailureReason::no_active_worker;
  /// Set with `refused` only.
  std::optional<protocol::Refusal> refusal;
};

/// The result of a request: an answer or a failure.
using Outcome = std::variant<Answer, Failure>;

/// A message for people. For `no_active_worker` it is the reference's message, `Error: No active
/// worker!`.
std::string describe(const Failure& failure);

/// The same for a request for `model`, or for the default one if that is empty. If no worker that
/// runs it is known, the message also names the models that the workers run.
std::string describe(const Failure& failure, const WorkerList& workers, std::string_view model);

}  // namespace samoyed::dispatcher
