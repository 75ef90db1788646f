#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/history.hpp"
#include "web/access/visitor.hpp"

namespace samoyed::web {

/// Gives visitors with a cookie that isn't trusted a new id, which gets their results and jobs. An
/// id is adopted once; then it is worthless. Only for a moment later, the same new id is handed out
/// again, because a browser sends several requests at the same time, and an answer may be lost. A
/// new id that nobody waited for is replaced by another one when the visitor returns, which the
/// history makes possible until the adoption is confirmed.
///
/// Thread rule: the server's thread.
class VisitorAdoptions {
 public:
  using Clock = std::chrono::steady_clock;

  enum class End {
    adopted,
    unknown,    ///< Nothing belongs to the old id.
    undecided,  ///< The history failed, or took too long. It may still be adopted later.
  };
  struct Result {
    End end;
    CookieVisitor visitor;  ///< The new one, if it was adopted.
  };

  /// The longest wait for the history.
  static constexpr std::chrono::milliseconds wait_max{2000};
  /// How long a new id is handed out again after the adoption.
  static constexpr std::chrono::seconds repeat_time{60};
  /// The most adoptions at a time, with those that may be handed out again.
  static constexpr std::size_t adoptions_max = 1000;

  /// `fresh` is a new visitor. `history` must outlive the executor's coroutines.
  asio::awaitable<Result> adopt(dispatcher::History& history, std::string former,
                                dispatcher::Adopted what, CookieVisitor fresh);

 private:
  struct Adoption;

  void forget_old(Clock::time_point now);

  std::map<std::string, std::shared_ptr<Adoption>> adoptions_;  ///< By the old visitor.
};

}  // namespace samoyed::web
