#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// The client that sent a request, possibly through proxies.
struct Client {
  /// An IP address, or an identifier that a proxy uses instead of one (`_hidden`; RFC 7239, section
  /// 6.3).
  std::string address;
  /// Whether the client connected to a proxy over TLS.
  bool https = false;
  /// The host, with an optional port, that the client asked the proxy for. std::nullopt if no
  /// trusted proxy reports it.
  std::optional<std::string> host = std::nullopt;
  /// The path below which the proxy offers the site (see base_path.hpp). std::nullopt if no trusted
  /// proxy reports a valid one.
  std::optional<std::string> base_path = std::nullopt;
};

/// Returns whether an IP address belongs to a trusted proxy.
using ProxyPredicate = std::function<bool(std::string_view address)>;

/// Returns the client of a request. Its address is the peer's, unless the peer is a trusted proxy.
/// Then it is the rightmost address in `Forwarded` (RFC 7239) or `X-Forwarded-For` that is not a
/// trusted proxy, or the leftmost address if all are. Anything to the left of it was sent by the
/// client and is ignored.
///
/// A proxy adds to one of the two fields and passes the other on as its client sent it. If both are
/// present and name different clients, there is no way to know which one is true, and the peer's
/// address is used. It is also used for `unknown` and for text that can't be parsed.
///
/// X-Forwarded-Proto, -Host and -Prefix count only if the peer is a trusted proxy. If one of them
/// has several values, the last one counts, which the nearest proxy has added. `Forwarded` may also
/// hold `proto` and `host`.
Client find_client(std::string_view peer, const Fields& fields, const ProxyPredicate& trusted);

}  // namespace samoyed::web
