#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// Who sent a request, seen through any proxies.
struct Client {
  /// An IP address, or an identifier that a proxy made up for one (`_hidden`; RFC 7239, 6.3).
  std::string address;
  /// Whether it asked a proxy over TLS.
  bool https = false;
};

/// Whether an IP address is that of a proxy whose word is taken.
using ProxyPredicate = std::function<bool(std::string_view address)>;

/// The client's address: the peer's, unless that is a trusted proxy. Then it is the right-most
/// address of `Forwarded` (RFC 7239) or else `X-Forwarded-For` that is no trusted proxy, or the
/// left-most if all are: anything to the left of it was sent by the client and isn't looked at.
///
/// Proxies add to one of the two fields and pass the other on as their client sent it. Where both
/// are there and name different clients nobody can tell which is true, and the peer's address
/// counts, as it does for `unknown` and for what can't be understood.
Client find_client(std::string_view peer, const Fields& fields, const ProxyPredicate& trusted);

}  // namespace samoyed::web
