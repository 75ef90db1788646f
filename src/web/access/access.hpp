#pragma once

#include <optional>
#include <string>
#include <vector>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// The host names that requests may name.
struct HostRules {
  /// The machine's; may be empty.
  std::string own_name;
  /// Further ones; `.example.org` includes all names below it.
  std::vector<std::string> allowed;
};

/// Refuses a request for any other host name. A page elsewhere can give its own name this
/// machine's address (DNS rebinding): to the browser it is then the same site, and may read all it
/// is answered. IP addresses and localhost can't be given away like that, so they pass, as does
/// HTTP/1.0 without a Host.
std::optional<Problem> check_host_name(const Request& head, const HostRules& rules);

/// Refuses a request that a page of another site made the browser send, by what the browser says
/// itself: Sec-Fetch-Site, or else Origin, or else Referer.
///
/// Programs send none of them and pass. A browser may do so too: it keeps Sec-Fetch-Site for sites
/// with TLS or on this machine, a GET has no Origin, and a page can leave the Referer out. Then a
/// GET is `unconfirmed`, and anything else, which has an Origin in every browser, refused.
std::optional<Problem> check_cross_site(const Request& head);

}  // namespace samoyed::web
