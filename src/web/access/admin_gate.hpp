#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// Decides who may see and change the workers if an admin token is set: anyone who sends it with
/// the request (`Authorization: Bearer TOKEN`), or who has signed in on the page and sends the
/// cookie from then. Without a token everybody may.
///
/// Not thread-safe.
class AdminGate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Verdict {
    admitted,
    missing,  ///< Neither token nor cookie, or a cookie that no longer counts.
    wrong,    ///< A wrong token.
    limited,  ///< A token, but too many wrong ones came before it from that client.
  };

  static constexpr std::string_view cookie_name = "samoyed_session";
  /// Signed in at once; beyond it, the session idle for longest is ended.
  static constexpr std::size_t sessions_max = 64;
  /// Without a request.
  static constexpr std::chrono::hours session_idle_max{12};
  /// Wrong tokens from one client, within one window from the first.
  static constexpr int failures_max = 10;
  static constexpr std::chrono::minutes failure_window{1};
  /// Clients whose wrong tokens are counted; beyond it, the one that began first is forgotten.
  static constexpr std::size_t failing_clients_max = 4096;

  /// An empty `token` means that none is needed. `random_id` gives a new, unguessable text for a
  /// cookie each time.
  AdminGate(std::string token, std::function<std::string()> random_id);

  bool needed() const { return !token_.empty(); }

  /// `client` is what limit_key gives.
  Verdict check(const Fields& fields, const std::string& client, Time now);

  /// A new session's id, or why there is none: `wrong` or `limited`.
  std::variant<std::string, Verdict> sign_in(std::string_view token, const std::string& client,
                                             Time now);

  /// Ends the session that the request's cookie names.
  void sign_out(const Fields& fields);

 private:
  struct Session {
    std::string id;
    Time last_seen;
  };
  struct Failures {
    Time begin;
    int count = 0;
  };

  Verdict check_token(std::string_view token, const std::string& client, Time now);
  void note_failure(const std::string& client, Time now);

  const std::string token_;
  const std::function<std::string()> random_id_;
  std::vector<Session> sessions_;
  std::map<std::string, Failures> failures_;
};

/// Compares in a time that doesn't reveal where two texts of one length differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace samoyed::web
