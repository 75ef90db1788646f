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

/// Decides who may see and change the workers. If an admin token is set, that is anyone who sends
/// it with the request (`Authorization: Bearer TOKEN`), or who has signed in on the page and sends
/// the session cookie. Without a token, everyone may.
///
/// Not thread-safe: use from one thread.
class AdminGate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Verdict {
    admitted,
    missing,  ///< Neither a token nor a cookie, or a cookie of no current session.
    wrong,    ///< A wrong token.
    limited,  ///< A token, but the client has sent too many wrong ones before.
  };

  /// Over HTTPS it has the prefix `__Secure-`.
  static constexpr std::string_view cookie_name = "samoyed_session";
  /// Maximum number of sessions. Beyond it, the session that was idle longest is ended.
  static constexpr std::size_t sessions_max = 64;
  /// A session ends after this time without a request.
  static constexpr std::chrono::hours session_idle_max{12};
  /// Maximum number of wrong tokens from one client in one window, which begins with the first.
  static constexpr int failures_max = 10;
  static constexpr std::chrono::minutes failure_window{1};
  /// Maximum number of clients whose wrong tokens are counted. Beyond it, the client whose window
  /// began first is forgotten.
  static constexpr std::size_t failing_clients_max = 4096;

  /// An empty `token` means that none is needed. `random_id` returns a new, unguessable text for a
  /// cookie on each call.
  AdminGate(std::string token, std::function<std::string()> random_id);

  /// Replaces the token. If it differs, all sessions end.
  void set_token(std::string token);

  bool needed() const { return !token_.empty(); }

  /// `client` is the client's io::limit_key.
  Verdict check(const Fields& fields, const std::string& client, Time now);

  /// Returns a new session's id, or why there is none: `wrong` or `limited`.
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

  std::string token_;
  const std::function<std::string()> random_id_;
  std::vector<Session> sessions_;
  std::map<std::string, Failures> failures_;
};

/// Compares two texts. If they have the same length, the time it takes doesn't reveal where they
/// differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace samoyed::web
