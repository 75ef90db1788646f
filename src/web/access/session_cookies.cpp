#include "web/access/session_cookies.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "samoyed/io/digest.hpp"
#include "samoyed/io/parse_number.hpp"
#include "web/access/admin_gate.hpp"
#include "web/http/cookies.hpp"

namespace samoyed::web {
namespace {

/// Changes with the meaning of the fields, so that dispatchers of different versions never
/// misunderstand each other's cookies.
constexpr std::string_view cookie_version = "1";

/// Keeps the key apart from every other use of the token.
constexpr std::string_view key_label = "samoyed admin session cookie";

constexpr std::string_view session_attributes = "; SameSite=Strict";

std::int64_t in_ms(std::chrono::milliseconds time) { return time.count(); }

std::int64_t expiry(std::int64_t signed_in_ms, std::int64_t time_ms) {
  return std::min(time_ms + in_ms(SessionCookies::idle_max),
                  signed_in_ms + in_ms(SessionCookies::age_max));
}

/// Returns the four fields of a payload, or std::nullopt if there are more or fewer.
std::optional<std::array<std::string_view, 4>> split(std::string_view payload) {
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t dot = payload.find('.');
    if ((dot == payload.npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = payload.substr(0, dot);
    payload.remove_prefix(std::min(parts[i].size() + 1, payload.size()));
  }
  return parts;
}

}  // namespace

void SessionCookies::set_token(std::string_view token) {
  key_ = io::signature_hex(token, key_label);
}

std::string SessionCookies::issue(std::string id, std::int64_t time_ms) const {
  return seal({std::move(id), time_ms, expiry(time_ms, time_ms)});
}

std::optional<Session> SessionCookies::open(std::string_view cookie, std::int64_t time_ms) const {
  const std::size_t dot = cookie.rfind('.');
  if (cookie.size() > length_max || dot == cookie.npos) return std::nullopt;
  const std::string_view payload = cookie.substr(0, dot);
  if (!equal_in_constant_time(cookie.substr(dot + 1), sign(payload))) return std::nullopt;
  const auto parts = split(payload);
  if (!parts) return std::nullopt;
  const auto& [version, signed_in, expires, id] = *parts;
  const auto signed_in_ms = io::parse_number<std::int64_t>(signed_in);
  const auto expires_ms = io::parse_number<std::int64_t>(expires);
  if (version != cookie_version || !signed_in_ms || !expires_ms) return std::nullopt;
  if (*signed_in_ms > time_ms + in_ms(clock_skew_max)) return std::nullopt;
  if (*expires_ms <= time_ms) return std::nullopt;
  return Session{std::string(id), *signed_in_ms, *expires_ms};
}

std::string SessionCookies::renew(Session session, std::int64_t time_ms) const {
  const std::int64_t extended = expiry(session.signed_in_ms, time_ms);
  if (extended - session.expires_ms < in_ms(renewal_gain_min)) return {};
  session.expires_ms = extended;
  return seal(session);
}

std::string SessionCookies::sign(std::string_view payload) const {
  return io::signature_hex(key_, payload);
}

std::string SessionCookies::seal(const Session& session) const {
  std::string cookie(cookie_version);
  cookie += '.' + std::to_string(session.signed_in_ms);
  cookie += '.' + std::to_string(session.expires_ms);
  cookie += '.' + session.id;
  return cookie + '.' + sign(cookie);
}

Field keep_session(std::string_view cookie, bool https) {
  return set_cookie(SessionCookies::name, cookie, session_attributes, https);
}

void remove_session(Fields& fields, bool https) {
  const std::string attributes = std::string(session_attributes) + "; Max-Age=0";
  if (https) fields.push_back(set_cookie(SessionCookies::name, "", attributes, true));
  fields.push_back(set_cookie(SessionCookies::name, "", attributes, false));
}

}  // namespace samoyed::web
