#include "web/access/admin_gate.hpp"

#include <algorithm>
#include <utility>

#include "web/http/cookies.hpp"

namespace samoyed::web {
namespace {

std::optional<std::string_view> bearer_token(const Fields& fields) {
  constexpr std::string_view scheme = "Bearer ";
  const std::string_view value = find_field(fields, "Authorization");
  if (!equal_ignoring_case(value.substr(0, scheme.size()), scheme)) return std::nullopt;
  return trimmed(value.substr(scheme.size()));
}

std::vector<std::string_view> session_cookies(const Fields& fields) {
  auto values = cookie_values(fields, secure_cookie_name(AdminGate::cookie_name));
  for (const auto value : cookie_values(fields, AdminGate::cookie_name)) values.push_back(value);
  return values;
}

}  // namespace

AdminGate::AdminGate(std::string token, std::function<std::string()> random_id)
    : token_(std::move(token)), random_id_(std::move(random_id)) {}

void AdminGate::set_token(std::string token) {
  if (token == token_) return;
  token_ = std::move(token);
  sessions_.clear();
}

AdminGate::Verdict AdminGate::check(const Fields& fields, const std::string& client, Time now) {
  if (!needed()) return Verdict::admitted;
  if (const auto token = bearer_token(fields)) return check_token(*token, client, now);
  std::erase_if(sessions_, [&](const Session& session) {
    return now - session.last_seen >= session_idle_max;
  });
  Verdict verdict = Verdict::missing;
  for (const std::string_view value : session_cookies(fields)) {
    for (Session& session : sessions_) {
      if (!equal_in_constant_time(value, session.id)) continue;
      session.last_seen = now;
      verdict = Verdict::admitted;
    }
  }
  return verdict;
}

std::variant<std::string, AdminGate::Verdict> AdminGate::sign_in(std::string_view token,
                                                                 const std::string& client,
                                                                 Time now) {
  const Verdict verdict = check_token(token, client, now);
  if (verdict != Verdict::admitted) return verdict;
  if (sessions_.size() >= sessions_max) {
    sessions_.erase(std::ranges::min_element(sessions_, {}, &Session::last_seen));
  }
  sessions_.push_back({random_id_(), now});
  return sessions_.back().id;
}

void AdminGate::sign_out(const Fields& fields) {
  for (const std::string_view value : session_cookies(fields)) {
    std::erase_if(sessions_, [&](const Session& session) {
      return equal_in_constant_time(value, session.id);
    });
  }
}

AdminGate::Verdict AdminGate::check_token(std::string_view token, const std::string& client,
                                          Time now) {
  const auto failures = failures_.find(client);
  if (failures != failures_.end() && now - failures->second.begin >= failure_window) {
    failures_.erase(failures);
  } else if (failures != failures_.end() && failures->second.count >= failures_max) {
    return Verdict::limited;
  }
  if (needed() && equal_in_constant_time(token, token_)) return Verdict::admitted;
  note_failure(client, now);
  return Verdict::wrong;
}

void AdminGate::note_failure(const std::string& client, Time now) {
  const bool is_new = failures_.find(client) == failures_.end();
  if (is_new && failures_.size() >= failing_clients_max) {
    std::erase_if(failures_,
                  [&](const auto& entry) { return now - entry.second.begin >= failure_window; });
  }
  if (is_new && failures_.size() >= failing_clients_max) {
    failures_.erase(std::ranges::min_element(failures_, {},
                                             [](const auto& entry) { return entry.second.begin; }));
  }
  Failures& failures = failures_.try_emplace(client, Failures{now}).first->second;
  ++failures.count;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference |= static_cast<unsigned char>(a[i] ^ other);
  }
  return difference == 0;
}

}  // namespace samoyed::web
