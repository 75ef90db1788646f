#include "samoyed/io/signals.hpp"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/use_awaitable.hpp>

namespace samoyed::io {
namespace {

/// Counts the SIGHUPs. Global, because a signal handler has no other way to find it.
int hangups = -1;

/// Async-signal-safe.
void count_hangup(int /*signal*/) {
  const int saved = errno;
  const std::uint64_t one = 1;
  // This fails only if the counter is at its limit, and then it says enough.
  (void)!write(hangups, &one, sizeof one);
  errno = saved;
}

asio::awaitable<void> follow_hangups(asio::posix::stream_descriptor counter,
                                     std::function<void()> reload) {
  while (true) {
    std::uint64_t count = 0;
    co_await counter.async_read_some(asio::buffer(&count, sizeof count), asio::use_awaitable);
    reload();
  }
}

}  // namespace

void survive_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  hangups = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = count_hangup;
  action.sa_flags = SA_RESTART;
  sigaction(SIGHUP, &action, nullptr);
}

asio::awaitable<void> reload_on_hangup(const asio::any_io_executor& executor,
                                       std::function<void()> reload) {
  const int descriptor = fcntl(hangups, F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "SIGHUP");
  return follow_hangups(asio::posix::stream_descriptor(executor, descriptor), std::move(reload));
}

}  // namespace samoyed::io
