#pragma once

#include <string>
#include <vector>

#include "samoyed/dispatcher/history_options.hpp"
#include "samoyed/io/network_list.hpp"
#include "samoyed/web/server_limits.hpp"

namespace samoyed::web {

/// Who may send which requests.
struct AccessOptions {
  /// Host names that requests may name, in addition to IP addresses, localhost and the machine's
  /// own name. `.example.org` includes all names below it.
  std::vector<std::string> allowed_hosts;
  /// Proxies that are trusted to report a client's address, scheme and host, and the path below
  /// which they offer the site. See client_address.hpp.
  io::NetworkList trusted_proxies;
  /// The path below which a proxy offers the site, such as `/samoyed`. Empty if it is the root.
  std::string base_path;
  /// Networks where workers are allowed. Host names are checked when they are resolved.
  io::NetworkList worker_networks{io::private_networks()};
  /// Required to see and change the workers. If empty, anyone may.
  std::string admin_token;
  /// Signs the ids in visitors' cookies. If empty, visitors get no cookies.
  std::string visitor_key;
};

struct ServerOptions {
  /// How visitors are distinguished.
  dispatcher::ResultsBy results_by = dispatcher::ResultsBy::cookie;
  /// Whether results keep thumbnails.
  bool thumbnails = true;
  /// How many days results are kept, for display on the pages.
  int results_days = 30;
  /// Pages aren't sure of a best label whose probability is lower, in percent. 0: always sure.
  double unsure_below_percent = 35;
  /// The name of this dispatcher among several that share a store; empty if it has none.
  std::string instance_name = {};
  ServerLimits limits;
  ServerTimeouts timeouts;
  AccessOptions access;
};

}  // namespace samoyed::web
