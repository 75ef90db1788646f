#pragma once

#include <string>
#include <vector>

#include "samoyed/dispatcher/history_options.hpp"
#include "samoyed/io/network_list.hpp"
#include "samoyed/web/server_limits.hpp"

namespace samoyed::web {

/// Who may send requests, and for what.
struct AccessOptions {
  /// Host names that requests may name, besides IP addresses, localhost and the machine's own name;
  /// `.example.org` includes all names below it.
  std::vector<std::string> allowed_hosts;
  /// Proxies whose word is taken for a client's address, see client_address.hpp.
  io::NetworkList trusted_proxies;
  /// Where workers may be; names are checked when they are resolved.
  io::NetworkList worker_networks{io::private_networks()};
  /// Needed to see and change the workers; empty: nothing is needed.
  std::string admin_token;
};

struct ServerOptions {
  /// How visitors are distinguished, and whether their results show thumbnails.
  dispatcher::ResultsBy results_by = dispatcher::ResultsBy::cookie;
  bool thumbnails = true;
  /// How long results are kept, as the pages state.
  int results_days = 30;
  ServerLimits limits;
  ServerTimeouts timeouts;
  AccessOptions access;
};

}  // namespace samoyed::web
