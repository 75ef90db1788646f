#include "dispatcher/discovery/discovery_name.hpp"

#include <algorithm>

#include "samoyed/io/ip_text.hpp"
#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

std::optional<DiscoveryName> parse_discovery_name(std::string_view text) {
  if (text.starts_with('_')) {
    const auto host = protocol::parse_host(text);
    if (!host || host->find("._") == host->npos) return std::nullopt;
    return DiscoveryName{.name = *host, .absolute = text.ends_with('.')};
  }
  const auto address = protocol::parse_address(text);
  if (!address || io::is_ip_literal(address->host)) return std::nullopt;
  return DiscoveryName{.name = address->host,
                       .port = address->port,
                       .absolute = text.substr(0, text.rfind(':')).ends_with('.')};
}

std::string to_string(const DiscoveryName& name) {
  const std::string text = name.name + (name.absolute ? "." : "");
  return name.has_services() ? text : text + ":" + std::to_string(name.port);
}

std::vector<std::string> complete_names(const DiscoveryName& name, const SearchRules& rules) {
  if (name.absolute) return {name.name};
  std::vector<std::string> names;
  for (const std::string& domain : rules.domains) names.push_back(name.name + "." + domain);
  const bool complete = std::ranges::count(name.name, '.') >= rules.ndots;
  names.insert(complete ? names.begin() : names.end(), name.name);
  return names;
}

}  // namespace samoyed::dispatcher
