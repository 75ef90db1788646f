#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

/// File descriptors, and blocking transfers over sockets of this machine.
namespace samoyed::worker {

/// Owns an open file descriptor; -1 is none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor();

  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

using Deadline = std::chrono::steady_clock::time_point;

/// Two connected stream sockets, closed on exec. Throws std::system_error.
std::pair<Descriptor, Descriptor> make_socket_pair();

/// Reads or writes all of `bytes` on a socket. Returns false if the deadline passes, the peer has
/// gone, or another error occurs.
bool receive_all(int socket, std::span<std::byte> bytes, Deadline deadline);
bool send_all(int socket, std::span<const std::byte> bytes, Deadline deadline);

/// Sends one byte and the descriptors; receives exactly `count` of them. At most 4.
bool send_descriptors(int socket, std::span<const int> descriptors);
std::optional<std::vector<Descriptor>> receive_descriptors(int socket, std::size_t count,
                                                           Deadline deadline);

}  // namespace samoyed::worker
