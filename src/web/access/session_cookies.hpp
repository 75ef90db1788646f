#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// A browser that has signed in. Times are milliseconds since 1970 in UTC.
struct Session {
  std::string id;
  std::int64_t signed_in_ms = 0;
  std::int64_t expires_ms = 0;
};

/// Turns sessions into cookies and back. A cookie holds the whole session and its signature, by a
/// key derived from the admin token:
///
///     1.SIGNED_IN_MS.EXPIRES_MS.ID.SIGNATURE
///
/// So all dispatchers with the same token accept each other's cookies without sharing anything
/// else, and a new token invalidates all.
class SessionCookies {
 public:
  /// Over HTTPS it has the prefix `__Secure-`.
  static constexpr std::string_view name = "samoyed_session";
  /// A session ends after this time without a request.
  static constexpr std::chrono::hours idle_max{12};
  /// A session ends this long after signing in, however often its cookie is renewed. Until then
  /// another dispatcher accepts a copy of the cookie, even if somebody has signed out here.
  static constexpr std::chrono::hours age_max{7 * 24};
  /// A cookie is renewed if that gives it at least this much more time. So few answers carry one.
  static constexpr std::chrono::minutes renewal_gain_min{10};
  /// How far the clock of the dispatcher that issued a cookie may be ahead.
  static constexpr std::chrono::minutes clock_skew_max{5};
  /// Maximum length of a cookie. Those that `issue` returns for 128-bit ids have 95 characters.
  static constexpr std::size_t length_max = 128;

  explicit SessionCookies(std::string_view token) { set_token(token); }

  void set_token(std::string_view token);

  /// Returns the cookie of a new session. `id` must be unique and hold no dot.
  std::string issue(std::string id, std::int64_t time_ms) const;

  /// Returns the session of a cookie, or std::nullopt if none of the dispatchers with this token
  /// issued it or it has expired.
  std::optional<Session> open(std::string_view cookie, std::int64_t time_ms) const;

  /// Returns the cookie that extends the session, or an empty text if it is too early or too late
  /// for that.
  std::string renew(Session session, std::int64_t time_ms) const;

 private:
  std::string sign(std::string_view payload) const;
  std::string seal(const Session& session) const;

  std::string key_;
};

/// Returns the field that makes a browser keep the cookie until it is closed.
Field keep_session(std::string_view cookie, bool https);

/// Adds the fields that make a browser remove its session cookies. Over HTTPS that includes the
/// cookie of unencrypted connections, because it is accepted too.
void remove_session(Fields& fields, bool https);

}  // namespace samoyed::web
