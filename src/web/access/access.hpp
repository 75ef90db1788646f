#pragma once

#include <optional>
#include <string>
#include <vector>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// The host names that requests may name.
struct HostRules {
  /// The machine's own name. May be empty.
  std::string own_name;
  /// Further names. `.example.org` includes all names below it.
  std::vector<std::string> allowed;
};

/// Rejects a request for any other host name. The owner of another site can point its name to this
/// machine's address (DNS rebinding). To the browser, this server is then the same site, and that
/// site's pages may read every response. IP addresses and localhost can't be pointed elsewhere like
/// that, so they pass, as does HTTP/1.0 without Host. Returns std::nullopt if the request passes.
///
/// `forwarded_host` is the host that a trusted proxy was asked for, if it reports one. Both it and
/// the host that the proxy asks for must be known: a proxy may pass on a field of its client.
std::optional<Problem> check_host_name(const Request& head, const HostRules& rules,
                                       const std::optional<std::string>& forwarded_host = {});

/// Rejects a request that a page of another site made the browser send. It relies on what the
/// browser states: Sec-Fetch-Site, or else Origin, or else Referer. Returns std::nullopt if the
/// request passes.
///
/// Programs send none of them and pass. A browser may also send none: it sends Sec-Fetch-Site only
/// to sites with TLS or on the same machine, a GET has no Origin, and a page can leave out the
/// Referer. Then a GET is `unconfirmed`. Anything else has an Origin in every browser, so it is
/// rejected. If a trusted proxy reports `forwarded_host`, that is this site's host for the browser.
std::optional<Problem> check_cross_site(const Request& head,
                                        const std::optional<std::string>& forwarded_host = {});

}  // namespace samoyed::web
