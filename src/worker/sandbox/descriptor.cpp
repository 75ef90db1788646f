#include "worker/sandbox/descriptor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace samoyed::worker {
namespace {

constexpr std::size_t descriptors_max = 4;

/// Waits until the socket is ready for `events` or has ended. Returns false at the deadline.
bool wait_for(int socket, short events, Deadline deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd waiting{socket, events, 0};
    const auto ms = std::min<std::int64_t>(left.count(), std::numeric_limits<int>::max());
    const int ready = poll(&waiting, 1, static_cast<int>(ms));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

/// Repeats `step`, which transfers some bytes from `done` on, until all are transferred.
template <typename Step>
bool transfer(int socket, std::size_t size, short events, Deadline deadline, Step step) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t moved = step(done);
    if (moved > 0) {
      done += static_cast<std::size_t>(moved);
    } else if (moved == 0) {
      return false;
    } else if (errno == EAGAIN) {
      if (!wait_for(socket, events, deadline)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

/// A message of one byte, with room for descriptors beside it. Its parts refer to each other.
struct DescriptorMessage {
  DescriptorMessage() {
    header.msg_iov = &content;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  DescriptorMessage(const DescriptorMessage&) = delete;
  DescriptorMessage& operator=(const DescriptorMessage&) = delete;

  char byte = 0;
  iovec content{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))> control{};
  msghdr header{};
};

}  // namespace

Descriptor::~Descriptor() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::pair<Descriptor, Descriptor> make_socket_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

bool receive_all(int socket, std::span<std::byte> bytes, Deadline deadline) {
  return transfer(socket, bytes.size(), POLLIN, deadline, [&](std::size_t done) {
    return recv(socket, bytes.data() + done, bytes.size() - done, MSG_DONTWAIT);
  });
}

bool send_all(int socket, std::span<const std::byte> bytes, Deadline deadline) {
  return transfer(socket, bytes.size(), POLLOUT, deadline, [&](std::size_t done) {
    return send(socket, bytes.data() + done, bytes.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
  });
}

bool send_descriptors(int socket, std::span<const int> descriptors) {
  DescriptorMessage message;
  message.header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* const header = CMSG_FIRSTHDR(&message.header);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  return sendmsg(socket, &message.header, MSG_NOSIGNAL) == 1;
}

std::optional<std::vector<Descriptor>> receive_descriptors(int socket, std::size_t count,
                                                           Deadline deadline) {
  if (!wait_for(socket, POLLIN, deadline)) return std::nullopt;
  DescriptorMessage message;
  if (recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1) return std::nullopt;
  std::vector<Descriptor> descriptors;
  const cmsghdr* const header = CMSG_FIRSTHDR(&message.header);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return std::nullopt;
  const std::size_t received = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t i = 0; i < received; ++i) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
    descriptors.emplace_back(descriptor);
  }
  if (received != count) return std::nullopt;
  return descriptors;
}

}  // namespace samoyed::worker
