#include "worker/announce/announcer_program.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <poll.h>
#include <random>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "samoyed/io/program.hpp"
#include "samoyed/protocol/address.hpp"
#include "worker/announce/announce_schedule.hpp"
#include "worker/announce/announcer_arguments.hpp"
#include "worker/announce/dispatcher_client.hpp"

namespace samoyed::worker {
namespace {

using AnnounceClock = AnnounceSchedule::Clock;

/// Waits until the worker says something or ends. Returns false at `time`.
bool wait_for_worker(AnnounceClock::time_point time) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - AnnounceClock::now());
    pollfd state{announcer_socket, POLLIN, 0};
    const auto ms = std::clamp<std::int64_t>(left.count(), 0, std::numeric_limits<int>::max());
    const int ready = poll(&state, 1, static_cast<int>(ms));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // The read then fails.
    if (ready == 0 && AnnounceClock::now() >= time) return false;
  }
}

bool worker_waits() {
  pollfd state{announcer_socket, POLLIN, 0};
  return poll(&state, 1, 0) > 0;
}

/// The worker's next byte, or std::nullopt if it has ended.
std::optional<char> next_byte() {
  char byte = 0;
  while (true) {
    const ssize_t received = recv(announcer_socket, &byte, 1, 0);
    if (received == 1) return byte;
    if (received == 0 || errno != EINTR) return std::nullopt;
  }
}

/// Waits for the address that the worker listens on.
std::optional<protocol::Address> receive_address() {
  std::string text;
  while (const auto byte = next_byte()) {
    if (*byte == '\n') return protocol::parse_address(text);
    text += *byte;
  }
  return std::nullopt;
}

/// Announces a worker until it ends.
class Announcement {
 public:
  Announcement(const AnnounceOptions& options, protocol::Address address)
      : options_(options),
        address_(std::move(address)),
        client_(options, announcer_socket),
        schedule_(AnnounceClock::now(), options.interval) {}

  void run() {
    while (true) {
      if (wait_for_worker(schedule_.next())) {
        if (next_byte() == withdraw_byte) withdraw();
        return;
      }
      announce();
    }
  }

 private:
  /// A worker that listens on all addresses is announced with the one that the dispatcher sees.
  std::string announced_address(std::string& why) {
    if (address_.host != "0.0.0.0" && address_.host != "::") return protocol::to_string(address_);
    const std::string own = client_.own_address(why);
    return own.empty() ? "" : protocol::to_string({.host = own, .port = address_.port});
  }

  void announce() {
    std::string why;
    const std::string address = announced_address(why);
    // The first call says that the worker has just started. Later ones must not return a worker to
    // the rotation that was ejected.
    if (why.empty()) {
      why = address == last_ ? client_.add_if_missing(address) : client_.add(address);
    }
    if (why.empty()) last_ = address;
    const bool may_have_it = worker_waits() || client_.is_unanswered();
    if (!address.empty() && (why.empty() || may_have_it)) listed_ = address;
    const auto now = AnnounceClock::now();
    if (why.empty()) {
      if (schedule_.on_success(now, random())) {
        spdlog::info("announced {} to {}", address, options_.url);
      }
    } else if (!worker_waits() && schedule_.on_failure(why, now, random())) {
      spdlog::warn("can't announce {} to {}: {}", address.empty() ? "the worker" : address,
                   options_.url, why);
    }
  }

  void withdraw() {
    if (listed_.empty()) return;
    const std::string why = client_.remove(listed_);
    if (why.empty()) {
      spdlog::info("withdrew {} from {}", listed_, options_.url);
    } else {
      spdlog::warn("can't withdraw {} from {}: {}", listed_, options_.url, why);
    }
  }

  double random() { return std::generate_canonical<double, 32>(random_); }

  const AnnounceOptions options_;
  const protocol::Address address_;
  DispatcherClient client_;
  AnnounceSchedule schedule_;
  std::string last_;    ///< The address that was announced last.
  std::string listed_;  ///< The address that the dispatcher has, or may have.
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace

int announcer_main(int argc, char** argv) {
  const auto arguments = parse_announcer_arguments(argc, argv);
  if (!arguments) {
    std::fputs("samoyed-announcer is started by samoyed-worker, not by hand.\n", stderr);
    return EXIT_FAILURE;
  }
  // What the worker has open, such as the port that it listens on, is for the worker alone.
  close_range(announcer_socket + 1, ~0U, 0);
  // A signal to the whole group or unit is for the worker, which withdraws itself first.
  for (const int signal_number : {SIGINT, SIGTERM}) std::signal(signal_number, SIG_IGN);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return io::run_program("samoyed-announcer", arguments->log_format, [&] {
    if (auto address = receive_address()) {
      Announcement(arguments->options, std::move(*address)).run();
    }
  });
}

}  // namespace samoyed::worker
