#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "web/access/revoked_sessions.hpp"
#include "web/access/session_cookies.hpp"
#include "web/http/http_message.hpp"

namespace samoyed::web {

/// Decides who may see and change the workers. If an admin token is set, that is anyone who sends
/// it with the request (`Authorization: Bearer TOKEN`), or who has signed in on the page, at this
/// or another dispatcher with the same token, and sends the session cookie. Without a token,
/// everyone may.
///
/// Wrong tokens are counted by the steady clock. Sessions end by the wall clock (`time_ms`,
/// milliseconds since 1970 in UTC), which dispatchers share.
///
/// Not thread-safe: use from one thread.
class AdminGate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Verdict {
    admitted,
    missing,  ///< Neither a token nor the cookie of a session that is still valid.
    wrong,    ///< A wrong token.
    limited,  ///< A token, but the client has sent too many wrong ones before.
  };

  struct Checked {
    Verdict verdict = Verdict::missing;
    /// The value of the session cookie that the browser should get now. Empty if it should keep
    /// the one that it has.
    std::string renewed_cookie = {};
  };

  /// Maximum number of wrong tokens from one client in one window, which begins with the first.
  static constexpr int failures_max = 10;
  static constexpr std::chrono::minutes failure_window{1};
  /// Maximum number of clients whose wrong tokens are counted. Beyond it, the client whose window
  /// began first is forgotten.
  static constexpr std::size_t failing_clients_max = 4096;

  /// An empty `token` means that none is needed. `random_id` returns a new text for a session on
  /// each call. No two dispatchers may return the same.
  AdminGate(std::string token, std::function<std::string()> random_id);

  /// Replaces the token. Sessions that were signed in with another one are not admitted.
  void set_token(std::string token);

  bool needed() const { return !token_.empty(); }

  /// `client` is the client's io::limit_key.
  Checked check(const Fields& fields, const std::string& client, Time now, std::int64_t time_ms);

  /// Returns a new session's cookie, or why there is none: `wrong` or `limited`.
  std::variant<std::string, Verdict> sign_in(std::string_view token, const std::string& client,
                                             Time now, std::int64_t time_ms);

  /// Ends the sessions of the request's cookies at this dispatcher. Others can't know.
  void sign_out(const Fields& fields, std::int64_t time_ms);

 private:
  struct Failures {
    Time begin;
    int count = 0;
  };

  Verdict check_token(std::string_view token, const std::string& client, Time now);
  void note_failure(const std::string& client, Time now);

  std::string token_;
  const std::function<std::string()> random_id_;
  SessionCookies cookies_;
  RevokedSessions revoked_;
  std::map<std::string, Failures> failures_;
};

/// Compares two texts. If they have the same length, the time it takes doesn't reveal where they
/// differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace samoyed::web
