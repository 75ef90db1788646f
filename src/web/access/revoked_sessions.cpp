#include "web/access/revoked_sessions.hpp"

#include <algorithm>
#include <chrono>

namespace samoyed::web {

void RevokedSessions::add(const Session& session, std::int64_t time_ms) {
  std::erase_if(until_ms_, [&](const auto& entry) { return entry.second <= time_ms; });
  if (until_ms_.size() >= sessions_max && !contains(session.id)) {
    until_ms_.erase(
        std::ranges::min_element(until_ms_, {}, [](const auto& entry) { return entry.second; }));
  }
  // Another dispatcher may have renewed the cookie since.
  constexpr std::chrono::milliseconds age_max = SessionCookies::age_max;
  until_ms_[session.id] = session.signed_in_ms + age_max.count();
}

}  // namespace samoyed::web
