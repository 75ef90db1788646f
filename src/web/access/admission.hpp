#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "web/http/reasons.hpp"

namespace samoyed::web {

/// Counts the uploads in progress and the bytes held for them, and rejects uploads over a limit, so
/// that the load stays bounded and no single client can use all of it.
///
/// Bytes count once they are held, not when they are announced: a client that announces much and
/// sends nothing takes up one place and no bytes.
///
/// Not thread-safe: use from one thread.
class Admission {
 public:
  struct Limits {
    std::size_t requests_max = 0;
    std::size_t requests_per_client_max = 0;
    std::uint64_t bytes_max = 0;
  };

  /// One upload's place. Destroying the ticket gives the place back.
  class Ticket;

  explicit Admission(Limits limits) : limits_(limits) {}

  /// Admits an upload, or returns `overloaded` or `client_limit`. `client` is the client's
  /// io::limit_key. The Admission must outlive the ticket.
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

  /// Sets the total number of bytes that this upload holds. Returns false, and changes nothing, if
  /// they would exceed the limit. Holding no more than before always succeeds.
  bool hold(std::uint64_t bytes);

 private:
  Admission* admission_;
  std::string client_;
  std::uint64_t bytes_ = 0;
};

}  // namespace samoyed::web
