#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "samoyed/protocol/address.hpp"

namespace samoyed::load {

/// Where a page is: `http://HOST[:PORT][/PATH]`.
struct HttpUrl {
  protocol::Address address;
  std::string path;

  bool operator==(const HttpUrl&) const = default;
};

/// Nothing for what is no such URL; port 80 and path `/` where it names none.
std::optional<HttpUrl> parse_http_url(std::string_view text);

/// What the command line of `clientsocket bench` says.
struct Options {
  /// Either some of these, used in turn ...
  std::vector<protocol::Address> workers;
  /// ... or this.
  std::optional<HttpUrl> http;
  std::vector<std::filesystem::path> images;
  /// Closed loop, unless there is a rate.
  int clients = 1;
  /// Open loop: requests due a second.
  std::optional<double> rate_per_s;
  std::uint64_t seed = 1;
  /// Open loop: what is due beyond it fails, unsent.
  int in_flight_max = 4096;
  std::chrono::milliseconds duration{10000};
  std::chrono::milliseconds warm_up{1000};
  std::chrono::milliseconds request_timeout{60000};
  bool fresh_connections = false;
  int top = 5;
  bool json = false;
};

/// Nothing if the program is to end at once with `exit_status`: after --help or a mistake, which is
/// printed.
std::optional<Options> parse_options(int argc, char** argv, int& exit_status);

}  // namespace samoyed::load
