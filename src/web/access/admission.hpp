#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "web/http/reasons.hpp"

namespace samoyed::web {

/// Counts the uploads in progress and the bytes that are held for them, and refuses what is over a
/// limit: the service bends no further than that, and no client can take it all.
///
/// Bytes count from when they are held, not from when they are announced: a client that
/// announces much and sends nothing takes one place and no more.
///
/// Not thread-safe.
class Admission {
 public:
  struct Limits {
    std::size_t requests_max = 0;
    std::size_t requests_per_client_max = 0;
    std::uint64_t bytes_max = 0;
  };

  /// One upload's place, given back when this is destroyed.
  class Ticket;

  explicit Admission(Limits limits) : limits_(limits) {}

  /// `client` is what limit_key gives. The reason is `overloaded` or `client_limit`. The Admission
  /// must outlive the ticket.
  std::variant<Ticket, Reason> enter(const std::string& client);

  std::size_t requests() const { return requests_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  const Limits limits_;
  std::size_t requests_ = 0;
  std::uint64_t bytes_ = 0;
  std::map<std::string, std::size_t> by_client_;
};

class Admission::Ticket {
 public:
  Ticket(Admission& admission, std::string client)
      : admission_(&admission), client_(std::move(client)) {
    ++admission.requests_;
    ++admission.by_client_[client_];
  }
  ~Ticket();
  Ticket(Ticket&& other) noexcept
      : admission_(std::exchange(other.admission_, nullptr)),
        client_(std::move(other.client_)),
        bytes_(other.bytes_) {}
  Ticket& operator=(Ticket&&) = delete;

  /// From now on this upload holds so many bytes in all. False, and nothing changes, where the
  /// limit has no room for them; less than before always has.
  bool hold(std::uint64_t bytes);

 private:
  Admission* admission_;
  std::string client_;
  std::uint64_t bytes_ = 0;
};

}  // namespace samoyed::web
