#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "web/access/session_cookies.hpp"

namespace samoyed::web {

/// The sessions that were signed out at this dispatcher, each until no cookie of it can be valid
/// any more.
///
/// Not thread-safe: use from one thread.
class RevokedSessions {
 public:
  /// Maximum number of sessions. Beyond it, the one that would be kept for the shortest time is
  /// forgotten. Only holders of the token have sessions, so nobody else can fill it.
  static constexpr std::size_t sessions_max = 1024;

  void add(const Session& session, std::int64_t time_ms);
  bool contains(const std::string& id) const { return until_ms_.contains(id); }
  std::size_t size() const { return until_ms_.size(); }

 private:
  std::map<std::string, std::int64_t> until_ms_;
};

}  // namespace samoyed::web
