#include "dispatcher/discovery/discovery_name.hpp"

#include <algorithm>

#include "samoyed/io/ip_text.hpp"
#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

std::optional<DiscoveryName> parse_discovery_name(std::string_view text) {
  const std::size_t name_end = text.starts_with('_') ? text.size() : text.rfind(':');
  std::string_view given = text.substr(0, name_end);
  const bool absolute = given.ends_with('.');
  if (absolute) given.remove_suffix(1);
  if (text.starts_with('_')) {
    const auto host = protocol::parse_host(given);
    if (!host || host->find("._") == host->npos) return std::nullopt;
    return DiscoveryName{.name = *host, .port = 0, .absolute = absolute};
  }
  if (name_end == text.npos) return std::nullopt;
  const auto address =
      protocol::parse_address(std::string(given) + std::string(text.substr(name_end)));
  if (!address || io::is_ip_literal(address->host)) return std::nullopt;
  return DiscoveryName{.name = address->host, .port = address->port, .absolute = absolute};
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
