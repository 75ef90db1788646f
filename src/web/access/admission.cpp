#include "web/access/admission.hpp"

namespace samoyed::web {

std::variant<Admission::Ticket, Reason> Admission::enter(const std::string& client) {
  // The client's own limit comes first, because the client can do something about it.
  const auto of_client = by_client_.find(client);
  const bool client_full =
      of_client != by_client_.end() && of_client->second >= limits_.requests_per_client_max;
  if (client_full) return Reason::client_limit;
  if (requests_ >= limits_.requests_max || bytes_ >= limits_.bytes_max) return Reason::overloaded;
  return std::variant<Ticket, Reason>(std::in_place_type<Ticket>, *this, client);
}

Admission::Ticket::~Ticket() {
  if (!admission_) return;
  --admission_->requests_;
  admission_->bytes_ -= bytes_;
  const auto of_client = admission_->by_client_.find(client_);
  if (--of_client->second == 0) admission_->by_client_.erase(of_client);
}

bool Admission::Ticket::hold(std::uint64_t bytes) {
  const std::uint64_t others = admission_->bytes_ - bytes_;
  const std::uint64_t limit = admission_->limits_.bytes_max;
  const bool fits = bytes <= bytes_ || (bytes <= limit && others <= limit - bytes);
  if (!fits) return false;
  admission_->bytes_ = others + bytes;
  bytes_ = bytes;
  return true;
}

}  // namespace samoyed::web
