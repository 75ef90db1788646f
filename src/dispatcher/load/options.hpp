#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "samoyed/protocol/address.hpp"

namespace samoyed::load {

/// The URL of a page: `http://HOST[:PORT][/PATH]`.
struct HttpUrl {
  protocol::Address address;
  std::string path;

  bool operator==(const HttpUrl&) const = default;
};

/// Returns std::nullopt if the text isn't such a URL. The defaults are port 80 and path `/`.
std::optional<HttpUrl> parse_http_url(std::string_view text);

/// The command line of `clientsocket bench`.
struct Options {
  /// Either these workers, used in turn ...
  std::vector<protocol::Address> workers;
  /// ... or this page.
  std::optional<HttpUrl> http;
  std::vector<std::filesystem::path> images;
  /// For the closed loop, which is used unless a rate is given.
  int clients = 1;
  /// Open loop: requests due per second.
  std::optional<double> rate_per_s;
  std::uint64_t seed = 1;
  /// Open loop: requests beyond this number in flight fail without being sent.
  int in_flight_max = 4096;
  std::chrono::milliseconds duration{10000};
  std::chrono::milliseconds warm_up{1000};
  std::chrono::milliseconds request_timeout{60000};
  bool fresh_connections = false;
  int top = 5;
  /// Pages only: the number of images in each form.
  int images_per_request = 1;
  bool json = false;
};

/// Returns std::nullopt if the program must end at once with `exit_status`: after --help, or after
/// an error, which is printed.
std::optional<Options> parse_options(int argc, char** argv, int& exit_status);

}  // namespace samoyed::load
