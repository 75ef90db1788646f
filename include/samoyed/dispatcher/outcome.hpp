#pragma once

#include <optional>
#include <string>
#include <variant>

#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/protocol/address.hpp"
#include "samoyed/protocol/result.hpp"

namespace samoyed::dispatcher {

/// An image was recognised.
struct Answer {
  protocol::Recognition recognition;
  protocol::Address worker;
  /// Nothing for a reference server.
  std::optional<WorkerModel> model;
  /// From the request's start to the result, retries included, in milliseconds.
  double elapsed_ms = 0;
  /// From the size message to the A of the image, with the worker that answered, in milliseconds.
  double transfer_ms = 0;
};

enum class FailureReason {
  no_active_worker,  ///< The list was empty, or every worker in it was found dead.
  unknown_model,     ///< No worker in the list runs the model that was asked for.
  no_resources,      ///< The dispatcher lacks file descriptors, memory or look-ups of names.
  all_busy,          ///< Every worker in rotation was full.
  refused,  ///< A worker answered that it can't recognise the image: `Failure::refusal` says why.
  workers_closed,  ///< Two workers closed the connection, or died, on the complete image: the
                   ///< image is at fault.
  deadline,        ///< The request's time passed.
  cancelled,       ///< Nobody waits for the answer any more.
};

/// An image was not recognised.
struct Failure {
  FailureReason reason = FailureReason::no_active_worker;
  /// With `refused` only.
  std::optional<protocol::Refusal> refusal;
};

/// What became of one image.
using Outcome = std::variant<Answer, Failure>;

/// For a person, one sentence; `Error: No active worker!` for `no_active_worker`, as the reference
/// says.
std::string describe(const Failure& failure);

}  // namespace samoyed::dispatcher
