#include "web/access/admin_gate.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

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
  auto values = cookie_values(fields, secure_cookie_name(SessionCookies::name));
  for (const auto value : cookie_values(fields, SessionCookies::name)) values.push_back(value);
  return values;
}

}  // namespace

AdminGate::AdminGate(std::string token, std::function<std::string()> random_id)
    : token_(std::move(token)), random_id_(std::move(random_id)), cookies_(token_) {}

void AdminGate::set_token(std::string token) {
  if (token == token_) return;
  token_ = std::move(token);
  cookies_.set_token(token_);
}

AdminGate::Checked AdminGate::check(const Fields& fields, const std::string& client, Time now,
                                    std::int64_t time_ms) {
  if (!needed()) return {Verdict::admitted};
  if (const auto token = bearer_token(fields)) return {check_token(*token, client, now)};
  for (const std::string_view value : session_cookies(fields)) {
    const auto session = cookies_.open(value, time_ms);
    if (!session || revoked_.contains(session->id)) continue;
    return {Verdict::admitted, cookies_.renew(*session, time_ms)};
  }
  return {Verdict::missing};
}

std::variant<std::string, AdminGate::Verdict> AdminGate::sign_in(std::string_view token,
                                                                 const std::string& client,
                                                                 Time now, std::int64_t time_ms) {
  const Verdict verdict = check_token(token, client, now);
  if (verdict != Verdict::admitted) return verdict;
  return cookies_.issue(random_id_(), time_ms);
}

void AdminGate::sign_out(const Fields& fields, std::int64_t time_ms) {
  if (!needed()) return;
  for (const std::string_view value : session_cookies(fields)) {
    if (const auto session = cookies_.open(value, time_ms)) revoked_.add(*session, time_ms);
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
